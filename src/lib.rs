//! Generates Concourse pipelines whose promotions are approved by closing GitHub issues.
