#!/usr/bin/env python3
"""A lane written with paho, driven over standard input and output, one JSON object a line.

Usage: paho_lane.py HOST PORT CLIENT_ID [v5]

In:   {"do": "will", "topic": T, "payload": TEXT}             before "connect"
      {"do": "connect"}
      {"do": "subscribe", "topic": T}
      {"do": "publish", "n": N, "topic": T, "base64": B, "retain": false}     does not wait for the PUBACK
      {"do": "disconnect"}                                    or end of input
Out:  {"on": "connect", "rc": 0} {"on": "subscribe", "granted": [1]} {"on": "puback", "n": N}
      {"on": "message", "topic": T, "retain": false, "text": TEXT} {"on": "disconnect", "rc": 0}
"""

import base64
import json
import sys
import threading

import paho.mqtt.client as mqtt

host, port, client_id = sys.argv[1:4]
version = mqtt.MQTTv5 if "v5" in sys.argv[4:] else mqtt.MQTTv311
arguments = {"client_id": client_id, "protocol": version}
if version == mqtt.MQTTv311:
    arguments["clean_session"] = True
if hasattr(mqtt, "CallbackAPIVersion"):  # paho 2 asks which callbacks are meant
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION1, **arguments)
else:
    client = mqtt.Client(**arguments)
client.max_inflight_messages_set(1000)

out = threading.Lock()
# A PUBACK may come before publish() has told us its message id; whoever comes second reports it. The lock is never
# held while paho is called: paho has locks of its own.
known = threading.Lock()
numbers = {}  # message id -> n of the publish command, PUBACK still to come
early = set()  # message ids whose PUBACK came first


def say(**event):
    with out:
        print(json.dumps(event), flush=True)


def on_publish(_client, _data, mid):
    with known:
        n = numbers.pop(mid, None)
        if n is None:
            early.add(mid)
    if n is not None:
        say(on="puback", n=n)


def on_connect(_client, _data, _flags, rc, *_properties):
    say(on="connect", rc=int(getattr(rc, "value", rc)))


def on_disconnect(_client, _data, rc=0, *_properties):
    say(on="disconnect", rc=int(getattr(rc, "value", rc) or 0))
    client.disconnect()  # no reconnecting: the test decides


def on_subscribe(_client, _data, _mid, granted, *_properties):
    say(on="subscribe", granted=[int(getattr(code, "value", code)) for code in granted])


def on_message(_client, _data, message):
    say(on="message", topic=message.topic, retain=bool(message.retain), text=message.payload.decode())


client.on_publish = on_publish
client.on_connect = on_connect
client.on_disconnect = on_disconnect
client.on_subscribe = on_subscribe
client.on_message = on_message

for line in sys.stdin:
    command = json.loads(line)
    action = command["do"]
    if action == "will":
        client.will_set(command["topic"], command["payload"], qos=1)
    elif action == "connect":
        client.connect(host, int(port), keepalive=30)
        client.loop_start()
    elif action == "subscribe":
        client.subscribe(command["topic"], qos=1)
    elif action == "publish":
        payload = base64.b64decode(command["base64"])
        info = client.publish(command["topic"], payload, qos=1, retain=command.get("retain", False))
        with known:
            acknowledged = info.mid in early
            early.discard(info.mid)
            if not acknowledged:
                numbers[info.mid] = command["n"]
        if acknowledged:
            say(on="puback", n=command["n"])
    elif action == "disconnect":
        break

client.disconnect()
client.loop_stop()
