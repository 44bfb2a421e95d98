"""Writes the model's types once more, for Foundation: the same structs and members, with synthesized `Decodable`.

foundation_model.py MODEL_FOLDER TARGET_FILE: reads the structs in the model's sources, so that both sides of the
comparison can't drift apart. The enums among them choose by content and are written by hand in Variants.swift.
"""

import pathlib
import re
import sys

HEAD = "// Written by foundation_model.py out of the product's model.\n"
STRUCT = re.compile(r"^package struct (\w+): Sendable, Equatable \{$(.*?)^\}$", re.MULTILINE | re.DOTALL)
MEMBER = re.compile(r"^    package var (\w+): (\S.*\?)$", re.MULTILINE)
KEY = re.compile(r'^            case "(\w+)": (\w+) = ', re.MULTILINE)


def decodable(name, body):
    types = dict(MEMBER.findall(body))
    keys = KEY.findall(body)
    members = [f"    package let {member}: {types[member]}" for _, member in keys]
    cases = [f"        case {member}" + (f' = "{key}"' if key != member else "") for key, member in keys]
    lines = [f"package struct {name}: Decodable, Sendable {{", *members, ""]
    lines += ["    private enum CodingKeys: String, CodingKey {", *cases, "    }", "}"]
    return "\n".join(lines) + "\n"


def main(model, target):
    structs = []
    for path in sorted(pathlib.Path(model).glob("*.swift")):
        structs += STRUCT.findall(path.read_text(encoding="utf-8"))
    if not any(name == "CustomerRewardedLoyaltyPoints" for name, _ in structs):
        sys.exit(f"{model}: the model is not found there, or is written in another way now")
    target = pathlib.Path(target)
    text = "\n".join([HEAD] + [decodable(name, body) for name, body in structs])
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        target.write_text(text, encoding="utf-8")


main(*sys.argv[1:])
