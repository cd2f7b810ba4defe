"""The hosted UI: pages for people in front of a browser, as plain HTML forms that work without scripts."""
