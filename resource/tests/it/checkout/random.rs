//! Random histories: the tree is, file by file, what git lists of the approved commit.

use super::*;

/// A generator that gives the same numbers each time (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u32) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::from(bound)).unwrap()
    }

    fn one_of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(u32::try_from(items.len()).unwrap())]
    }

    fn path(&mut self) -> PathBuf {
        let names = ["a", "b c", "d.sh", "\u{e9}", ".e", "-f", "g*", "A"];
        let depth = 1 + self.below(3);
        (0..depth).map(|_| *self.one_of(&names)).collect()
    }
}

/// Writes a file, a link or a program to where something else may stand.
fn change(random: &mut Random, root: &Path) {
    let path = root.join(random.path());
    let mut parent = root.to_owned();
    for part in path.strip_prefix(root).unwrap().parent().unwrap().components() {
        parent.push(part);
        if fs::symlink_metadata(&parent).is_ok_and(|metadata| !metadata.is_dir()) {
            fs::remove_file(&parent).unwrap();
        }
    }
    if fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir()) {
        fs::remove_dir_all(&path).unwrap();
    } else if fs::symlink_metadata(&path).is_ok() {
        fs::remove_file(&path).unwrap();
    }
    if random.below(5) == 0 {
        return;
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    if random.below(6) == 0 {
        return symlink(random.path(), &path).unwrap();
    }
    let length = random.below(2_000);
    let content: Vec<u8> = (0..length).map(|_| u8::try_from(random.below(256)).unwrap()).collect();
    fs::write(&path, content).unwrap();
    let mode = if random.below(4) == 0 { 0o755 } else { 0o644 };
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
}

/// `MODE HASH PATH` of each file, as `git ls-tree` prints it.
fn listed(build: &Build, folder: &Path) -> Vec<String> {
    let mut listed = Vec::new();
    for (path, entry) in tree(folder) {
        let (mode, content) = match entry {
            Entry::File { executable, content } => (if executable { "100755" } else { "100644" }, content),
            Entry::Link(target) => ("120000", target.into_os_string().into_encoded_bytes()),
            Entry::EmptyFolder => panic!("{} is an empty folder", path.display()),
        };
        let blob = build.path().join("blob");
        fs::write(&blob, content).unwrap();
        let hash = build.git(build.path(), &["hash-object", "--no-filters", &blob.display().to_string()]);
        listed.push(format!("{mode} blob {hash}\t{}", path.display()));
    }
    listed.sort();
    listed
}

#[test]
fn random_trees_are_those_that_git_lists() {
    let mut deployed = 0;
    for seed in 1..=12_u64 {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut build = Build::new();
        let mut commits = Vec::new();
        for _ in 0..3 + random.below(4) {
            for _ in 0..=random.below(12) {
                change(&mut random, &build.origin());
            }
            commits.push(build.commit(&build.origin(), "random"));
        }
        build.clone_code();
        let approved = random.one_of(&commits);
        build.approve(approved);
        let shell = random.one_of(shells());
        let ran = build.run(shell);
        assert_eq!(ran.code, Some(0), "seed {seed}, {}: {}", ran.shell, ran.text);
        let expected = build.git(&build.origin(), &["-c", "core.quotePath=false", "ls-tree", "-r", approved]);
        let mut expected: Vec<String> = expected.lines().map(str::to_owned).collect();
        expected.sort();
        assert_eq!(listed(&build, &ran.code_folder), expected, "seed {seed}, {}", ran.shell);
        deployed += expected.len();
    }
    assert!(deployed > 50, "{deployed} files");
}
