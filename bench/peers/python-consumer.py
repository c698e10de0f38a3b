"""The consumer of the usual Python design: takes records from Mosquitto, keeps them in SQLite, one commit each.

Usage: python-consumer.py PORT DATABASE

A broker in front, a consumer behind it, and a table that is queue and audit at once: this is how offline queues of
this kind are mostly described. It is written with care, so that the comparison is with the design and not with a
careless program: prepared once, no work twice, WAL with synchronous=FULL. After each commit it publishes the key to
the lane's receipt topic; only that message tells a lane that its record is on disk.
"""

import hashlib
import json
import signal
import socket
import sqlite3
import sys
from datetime import datetime, timezone

import paho.mqtt.client as mqtt

SCHEMA = """
CREATE TABLE IF NOT EXISTS offline_queue (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  sequence_id TEXT NOT NULL UNIQUE,
  idempotency_key TEXT NOT NULL UNIQUE,
  payload_hash TEXT NOT NULL,
  payload_json TEXT NOT NULL,
  schedule TEXT NOT NULL,
  sync_status TEXT NOT NULL DEFAULT 'PENDING',
  created_at_utc TEXT NOT NULL,
  retry_count INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS offline_queue_sync_status ON offline_queue (sync_status);
CREATE INDEX IF NOT EXISTS offline_queue_schedule ON offline_queue (schedule);
"""

INSERT = """
INSERT INTO offline_queue (sequence_id, idempotency_key, payload_hash, payload_json, schedule, created_at_utc)
VALUES (?, ?, ?, ?, ?, ?)
"""


class Consumer:
    """Owns the database and the broker connection; everything happens in paho's own loop, one record at a time."""

    def __init__(self, port, database):
        self.database = sqlite3.connect(database, isolation_level=None)
        self.database.execute("PRAGMA journal_mode = WAL")
        self.database.execute("PRAGMA synchronous = FULL")
        self.database.executescript(SCHEMA)
        (self.sequence,) = self.database.execute("SELECT coalesce(max(id), 0) FROM offline_queue").fetchone()
        self.client = mqtt.Client(client_id="consumer", clean_session=False)
        # Never hold an acknowledgement back, never drop one.
        self.client.max_inflight_messages_set(0)
        self.client.max_queued_messages_set(0)
        self.client.on_socket_open = self.on_socket_open
        self.client.on_connect = self.on_connect
        self.client.on_subscribe = self.on_subscribe
        self.client.on_message = self.on_message
        self.client.connect("127.0.0.1", port)

    def on_socket_open(self, _client, _userdata, sock):
        # Or Nagle's algorithm holds each receipt back for 40 ms, until the broker's delayed TCP acknowledgement.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def on_connect(self, client, _userdata, _flags, _code):
        client.subscribe("pos/+/+/records", qos=1)

    def on_subscribe(self, *_):
        print("ready", flush=True)

    def on_message(self, client, _userdata, message):
        payload = message.payload
        record = json.loads(payload)
        key = record["idempotency_key"]
        self.sequence += 1
        row = (
            f"gw-bench-{self.sequence:012d}",
            key,
            hashlib.sha256(payload).hexdigest(),
            payload.decode(),
            record["schedule"],
            datetime.now(timezone.utc).isoformat(),
        )
        # Without an explicit transaction each statement is its own: the row is on disk when execute() returns.
        self.database.execute(INSERT, row)
        lane = message.topic.rsplit("/", 1)[0]
        client.publish(f"{lane}/receipts", json.dumps({"idempotency_key": key}), qos=0)

    def run(self):
        self.client.loop_forever()


def main():
    consumer = Consumer(int(sys.argv[1]), sys.argv[2])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    consumer.run()


main()
