"""A check of closed issues in Python, with the libraries that MIT Open Learning's image is made of."""

import sys
from dataclasses import dataclass

from concoursetools import ConcourseResource, TypedVersion
from github import Auth, Github


@dataclass
class IssueVersion(TypedVersion):
    issue_number: str
    issue_closed_at: str


class Issues(ConcourseResource):
    def __init__(self, /, repository, gh_host, access_token, issue_prefix, labels):
        super().__init__(IssueVersion)
        github = Github(base_url=gh_host, auth=Auth.Token(access_token), per_page=100, lazy=True)
        # Lazy: one request a check, as few as the other side's.
        self.repository = github.get_repo(repository)
        self.prefix, self.labels = issue_prefix, labels

    def fetch_new_versions(self, previous_version=None):
        issues = self.repository.get_issues(state="closed", labels=self.labels, sort="updated")
        closed = [issue for issue in issues if issue.title.startswith(self.prefix)]
        closed.sort(key=lambda issue: (issue.closed_at, issue.number))
        return [IssueVersion(str(issue.number), issue.closed_at.isoformat()) for issue in closed[-1:]]

    def download_version(self, version, destination_dir, build_metadata):
        raise NotImplementedError

    def publish_new_version(self, sources_dir, build_metadata):
        raise NotImplementedError


if __name__ == "__main__":
    Issues.check_main()
    sys.exit(0)
