// What a person sees in an editor: the real yaml-language-server, with the schemas that `init` writes and `schema` prints,
// by the modeline that `init` writes. PIPEGEN, FLY and YAML_LANGUAGE_SERVER name the executables; `run` sets them.

import assert from 'node:assert/strict';
import {execFileSync, spawnSync} from 'node:child_process';
import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {basename, join, relative} from 'node:path';
import {after, before, test} from 'node:test';
import {fileURLToPath} from 'node:url';

import {Editor} from './editor.mjs';

const {PIPEGEN, FLY, YAML_LANGUAGE_SERVER} = process.env;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A folder as `init` leaves it, open in the editor. */
const folder = mkdtempSync(join(tmpdir(), 'ol-pipegen-editors-'));
const editor = new Editor(YAML_LANGUAGE_SERVER, folder);
let modeline;
let opened = 0;

before(async () => {
  execFileSync(PIPEGEN, ['init', folder]);
  writeFileSync(join(folder, 'schemas/concourse-pipeline.v1.json'), execFileSync(PIPEGEN, ['schema', 'pipeline']));
  const [line] = read('projects/cart.yml').split('\n');
  assert.equal(line, '# yaml-language-server: $schema=../schemas/project.v1.json');
  modeline = (schema) => `${line.replace('project.v1.json', schema)}\n`;
  await editor.start();
});

after(async () => {
  await editor.stop();
  rmSync(folder, {recursive: true});
});

function read(name) {
  return readFileSync(join(folder, name), 'utf8');
}

/** Opens a manifest of that text, below the modeline. */
function manifest(text) {
  return editor.open(join(folder, 'projects', `${++opened}.yml`), modeline('project.v1.json') + text);
}

/** Opens a pipeline of that text, below the modeline. */
function pipeline(text) {
  return editor.open(join(folder, 'pipelines', `${++opened}.yml`), modeline('concourse-pipeline.v1.json') + text);
}

function labels(items) {
  return items.map(({label}) => label);
}

/** The files of a folder of the repository with that ending, at any depth. */
function files(below, ending = '.yml') {
  return readdirSync(join(ROOT, below), {withFileTypes: true, recursive: true})
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

test('what init writes is fine', async () => {
  for (const name of ['projects/cart.yml', 'pipegen.yml']) {
    const {problems} = await editor.open(join(folder, name), read(name));
    assert.deepEqual(problems, [], name);
  }
});

test('the words of a gate are offered, each with what it means', async () => {
  const file = await manifest('project: a\ngate: \noverrides:\n  QA:\n    gate: \n    approval:\n      ');
  for (const place of ['project: a\ngate: ', 'QA:\n    gate: ']) {
    const items = await file.complete(place);
    assert.deepEqual(labels(items).sort(), ['issue', 'manual', 'none', 'preview'], place);
    assert.ok(items.every(({documentation}) => JSON.stringify(documentation).length > 10), place);
  }
  const offered = labels(await file.complete('approval:\n      '));
  for (const field of ['closers', 'soak', 'expires']) assert.ok(offered.includes(field), `${field} of ${offered}`);
});

test('kinds and their options are offered', async () => {
  const file = await manifest('project: a\nstack:\n  \n');
  assert.deepEqual(labels(await file.complete('stack:\n  ')).filter((label) => label !== 'stack').sort(), ['helm', 'opentofu', 'pulumi', 'script']);
  const options = await (await manifest('project: a\nstack:\n  script:\n    ')).complete('script:\n    ');
  for (const option of ['image', 'deploy', 'preview']) assert.ok(labels(options).includes(option), option);
});

test('a field says what it is for, with an example', async () => {
  const fleet = await editor.open(join(folder, 'pipegen.yml'), read('pipegen.yml'));
  const environments = await fleet.hover('environments');
  assert.match(environments, /The places where a project runs, in the order of promotion\./);
  assert.match(environments, /Example:\s+```yaml\s+- CI\s+- QA\s+- Production/);
  const file = await manifest('project: a\napproval: {soak: 24h}\n');
  assert.match(await file.hover('soak'), /What is approved must have been in the environment before[^]*24h/);
});

test('what is misspelt is underlined where the program points at', async () => {
  const text = `project: shop-bad
enviroments: [QA]
stack:
  pulumi: {path: infra/bad, refrsh: false}
overrides:
  QA:
    gaet: manual
    approval:
      closers: {team: [a/b]}
inputs:
  search:
    image:
      repository: search
      tag_regexp: ^1
`;
  const file = await manifest(text);
  writeFileSync(join(folder, 'projects/bad.yml'), modeline('project.v1.json') + text);
  const {stdout} = spawnSync(PIPEGEN, ['validate', '--format', 'json', 'projects/bad.yml'], {cwd: folder, encoding: 'utf8'});
  const told = JSON.parse(stdout).diagnostics.filter(({rule}) => rule === 'unknown-field').map(({place}) => place);
  assert.equal(told.length, 5, stdout);
  const place = ({line, column}) => ({line, column});
  assert.deepEqual(
    file.problems.map(({start, end}) => ({start, end})).sort((a, b) => a.start.line - b.start.line),
    told.map(({start, end}) => ({start: place(start), end: place(end)})),
  );
});

test('a text of the wrong form is told what is due', async () => {
  const {problems} = await manifest('project: a\ntimeout: 2 hours\n');
  assert.deepEqual(problems.map(({message}) => message), ['This is not a duration, such as 90s, 15m, 4h or 14d.']);
});

test('no manifest, fleet or kind of the repository is complained of, and each would be', async () => {
  const shapes = [
    ['project.v1.json', [...files('pipelines').filter(inProjects), ...files('tests/fixtures/alone'),
      ...files('tests/fixtures/examples').filter(inProjects)]],
    ['fleet.v1.json', [...files('pipelines'), ...files('tests/fixtures')].filter((path) => basename(path) === 'pipegen.yml')],
    ['kind.v1.json', [...files('templates/stacks'), ...files('templates/builds')]],
  ];
  for (const [schema, paths] of shapes) {
    assert.ok(paths.length > 1, schema);
    for (const path of paths) {
      const own = readFileSync(path, 'utf8');
      // Those of `pipelines/` have a modeline of their own.
      const text = own.startsWith('# yaml-language-server') ? own : `# yaml-language-server: $schema=${ROOT}schemas/${schema}\n${own}`;
      const name = relative(ROOT, path);
      assert.deepEqual((await editor.open(path, text)).problems, [], name);
      const {problems} = await editor.open(`${path}.wrong.yml`, `${text.trimEnd()}\nmisspelt: true\n`);
      assert.deepEqual(problems.map(({underlined}) => underlined), ['misspelt'], name);
    }
  }
});

function inProjects(path) {
  return path.includes('/projects/');
}

test('no pipeline that fly accepts is complained of, and each would be', async () => {
  const paths = [...files('tests/editors/pipelines'), ...files('pipelines').filter((path) => path.includes('/rendered/'))];
  assert.ok(paths.length > 25, `${paths.length} pipelines`);
  for (const path of paths) {
    const text = readFileSync(path, 'utf8');
    const name = relative(ROOT, path);
    assert.equal(fly(text), 'looks good', name);
    assert.deepEqual((await pipeline(text)).problems, [], name);
    const wrong = await pipeline(text.replace(/^resources:$/m, 'misspelt: true\n$&'));
    assert.deepEqual(wrong.problems.map(({underlined}) => underlined), ['misspelt'], name);
  }
});

test('what fly accepts and the schema does not is known', async () => {
  const known = {
    'an octal number of YAML 1.1': 'jobs: [{name: a, max_in_flight: 0b11}]',
    'a number with underscores, of YAML 1.1': 'jobs: [{name: a, max_in_flight: 1_000}]',
    'a key in capitals, which Go takes for the same': 'jobs: [{name: a, Serial: true}]',
    'a field that 8.0 and newer warn of': 'jobs: [{name: a, build_logs_to_retain: 5}]',
  };
  for (const [what, text] of Object.entries(known)) {
    assert.equal(fly(text), 'looks good', what);
    assert.equal((await pipeline(text)).problems.length, 1, what);
  }
});

test('no small pipeline that 8.2 accepts is complained of, but for what is known', async () => {
  const known = {
    // Not of the schema: the editor's own remark.
    'anchor-redefined': ['Unused anchor "&n"', 'Unused anchor "&n"'],
    // A key in capitals, which Go takes for the same.
    'dup-key-differs-by-case': ['Property Type is not allowed.'],
  };
  const complained = {};
  let held = 0;
  for (const line of readFileSync(join(ROOT, 'tests/fixtures/concourse/cases.jsonl'), 'utf8').trim().split('\n')) {
    const {name, flags, text, '8.2': takers} = JSON.parse(line);
    if (flags !== undefined || !takers.includes('fly --strict')) continue;
    const {problems} = await pipeline(text);
    if (problems.length > 0) complained[name] = problems.map(({message}) => message);
    held += 1;
  }
  assert.ok(held > 100, `${held} cases`);
  assert.deepEqual(complained, known);
});

test('what only newer ones than this fly take is not complained of', async () => {
  const {problems} = await pipeline(`user_data: {owner: shop}
resources: [{name: code, type: git}]
jobs:
- name: unit-a
  disable_reruns: true
  tags: [fast]
  plan: [{get: code, trigger: true}]
- name: deploy
  plan:
  - {get: code, passed: ["unit-*"]}
  - {do: [{get: again, resource: code}], tags: [fast]}
  - {in_parallel: [{get: once-more, resource: code}], tags: [fast]}
  - {task: make, config: {platform: linux, run: {}, caches: [{path: cache, ttl: 24h}]}}
`);
  assert.deepEqual(problems, []);
});

function fly(text) {
  const path = join(folder, 'judged.yml');
  writeFileSync(path, text);
  const ran = spawnSync(FLY, ['validate-pipeline', '--strict', '--enable-across-step', '--config', path], {encoding: 'utf8'});
  return (ran.stdout + ran.stderr).trim();
}

test('steps of a pipeline are offered, explained and held against what they know', async () => {
  const file = await pipeline(`resources: [{name: code, type: git}]
jobs:
- name: a
  plan:
  - in_parallel:
      steps:
      - get: code
        pased: [b]
      - get: code
        trigger: true
        
  - task: a
    config:
      platform: linux
      ouputs: [{name: a}]
  - 
`);
  assert.deepEqual(file.problems.filter(({underlined}) => underlined).map(({start, underlined}) => ({...start, underlined})), [
    {line: 9, column: 9, underlined: 'pased'},
    {line: 16, column: 7, underlined: 'ouputs'},
  ]);
  const steps = labels(await file.complete('ouputs: [{name: a}]\n  - '));
  for (const step of ['get', 'put', 'task', 'in_parallel', 'do', 'try', 'set_pipeline', 'load_var', 'run']) {
    assert.ok(steps.includes(step), `${step} of ${steps}`);
  }
  const fields = labels(await file.complete('trigger: true\n        '));
  for (const field of ['passed', 'version', 'on_failure']) assert.ok(fields.includes(field), `${field} of ${fields}`);
  for (const field of ['file', 'no_get', 'trigger']) assert.ok(!fields.includes(field), `${field} of ${fields}`);
  assert.match(await file.hover('trigger'), /A new version starts the job\.[^]*true/);
  assert.match(await file.hover('platform'), /What the worker runs\.[^]*linux/);
});
