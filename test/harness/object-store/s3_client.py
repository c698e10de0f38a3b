#!/usr/bin/python3
"""What the owner of a bucket does with boto3: s3_client.py URL ACCESS_KEY SECRET_KEY make|versions|download|destroy …"""
import hashlib
import json
import os
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

url, access_key, secret_key, verb, bucket, *rest = sys.argv[1:]
s3 = boto3.client("s3", endpoint_url=url, aws_access_key_id=access_key, aws_secret_access_key=secret_key,
                  region_name="us-east-1", config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}))


def every_version():
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        yield from page.get("Versions", [])


def about(version):
    found = s3.get_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
    until = found.get("ObjectLockRetainUntilDate")
    return {"key": version["Key"], "version": version["VersionId"], "bytes": version["Size"],
            "sha256": hashlib.sha256(found["Body"].read()).hexdigest(), "mode": found.get("ObjectLockMode"),
            "until": until and until.isoformat()}


def download(prefix, folder):
    for version in every_version():
        if version["IsLatest"] and version["Key"].startswith(prefix):
            path = os.path.join(folder, version["Key"][len(prefix):])
            os.makedirs(os.path.dirname(path), exist_ok=True)
            s3.download_file(bucket, version["Key"], path)


if verb == "make":
    s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=rest[0] == "true")
elif verb == "versions":
    print(json.dumps([about(version) for version in every_version()]))
elif verb == "download":
    download(*rest)
elif verb == "destroy":
    try:
        s3.delete_object(Bucket=bucket, Key=rest[0], VersionId=rest[1], BypassGovernanceRetention=True)
        print("deleted")
    except ClientError as error:
        print(error.response["Error"]["Code"])
else:
    sys.exit(f"{verb}: no such verb")
