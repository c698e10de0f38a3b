"""Prints the image's bill of materials (CycloneDX): Debian's packages and those of npm. bill.py PACKAGES NPM_SBOM"""
import json
import sys

with open(sys.argv[2], encoding="utf-8") as file:
    bill = json.load(file)
components = bill.get("components", [])
with open(sys.argv[1], encoding="utf-8") as file:
    for line in file:
        name, version, architecture = line.split()
        purl = f"pkg:deb/debian/{name}@{version}?arch={architecture}"
        components.append({"type": "library", "name": name, "version": version, "purl": purl, "bom-ref": purl})
bill["components"] = sorted(components, key=lambda component: component["bom-ref"])
print(json.dumps(bill, indent=1, sort_keys=True))
