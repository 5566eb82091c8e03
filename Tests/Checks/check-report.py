#!/usr/bin/env python3
"""Checks that a report is one file that stands alone: well-formed, no script, nothing fetched from anywhere."""
import html.parser
import re
import sys


class Checker(html.parser.HTMLParser):
    void = {"meta", "link", "br", "hr", "img", "input", "col", "area", "base", "embed", "source", "track", "wbr"}
    fetching = {"src", "href", "data", "action", "poster", "background", "xlink:href", "srcset", "formaction"}

    def __init__(self):
        super().__init__()
        self.open, self.faults, self.seen = [], [], set()

    def handle_starttag(self, tag, attributes):
        self.seen.add(tag)
        if tag in ("script", "iframe", "object", "embed", "link", "base", "form"):
            self.faults.append(f"<{tag}> at {self.getpos()}")
        for name, value in attributes:
            if name.startswith("on"):
                self.faults.append(f"event handler {name} at {self.getpos()}")
            if name in self.fetching and not (value or "").startswith("#"):
                self.faults.append(f"{name}={value!r} at {self.getpos()}")
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.void:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag in self.void:
            return
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> does not match at {self.getpos()}")

    def handle_data(self, data):
        # `url(#name)` is a place in this file.
        if self.open and self.open[-1] == "style" and re.search(r"url\((?!#)|@import", data):
            self.faults.append(f"a style that fetches at {self.getpos()}")


checker = Checker()
with open(sys.argv[1], encoding="utf-8") as report:
    checker.feed(report.read())
checker.faults += [f"<{tag}> is never closed" for tag in checker.open]
checker.faults += [f"no <{tag}>" for tag in ("title", "h1", "table", "svg", "style") if tag not in checker.seen]
if checker.faults:
    sys.exit("the report does not stand alone:\n  " + "\n  ".join(checker.faults))
print("the report stands alone: one well-formed file, no script, no remote resource")
