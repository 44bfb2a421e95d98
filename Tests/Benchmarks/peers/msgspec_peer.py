"""What a Python team would write for speed: confluent-kafka in batches, msgspec into typed structs.

msgspec_peer.py BROKERS TOPIC GROUP COUNT: reads so many events, decodes what the worker decodes of each, counts
what would be done, and prints one JSON object.
"""

import json
import sys
import time

import confluent_kafka
import msgspec


class Identified(msgspec.Struct):
    id: str | None = None


class Customer(Identified):
    name: str | None = None
    email: str | None = None
    source_id: str | None = None


class Voucher(Identified):
    code: str | None = None
    campaign: str | None = None
    campaign_id: str | None = None


class Campaign(Identified):
    name: str | None = None


class Loyalty(msgspec.Struct):
    type: str | None = None
    calculation_type: str | None = None


class EarningRule(Identified):
    loyalty: Loyalty | None = None


class Balance(msgspec.Struct):
    points: int
    balance: int
    total: int | None = None
    related_object: Identified | None = None


class Trigger(Identified):
    type: str | None = None
    created_at: str | None = None


class Publication(Identified):
    channel: str | None = None


class Event(msgspec.Struct):
    """The event, or the envelope around it: then `data` is the event."""

    customer: Customer | None = None
    voucher: Voucher | None = None
    campaign: Campaign | None = None
    earning_rule: EarningRule | None = None
    balance: Balance | None = None
    order: Identified | None = None
    event: Trigger | None = None
    publication: Publication | None = None
    id: str | None = None
    type: str | None = None
    event_type: str | None = None
    data: "Event | None" = None


def main(brokers, topic, group, count):
    decoder = msgspec.json.Decoder(Event)
    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": group,
            "auto.offset.reset": "earliest",
            # With the default of a second it stalls whenever its queue is full, and makes less than half of the speed.
            "fetch.queue.backoff.ms": 10,
        }
    )
    consumer.subscribe([topic])
    events = notifications = publications = 0
    start = None
    while events < count:
        messages = consumer.consume(1000, timeout=20)
        if not messages:
            sys.exit(f"nothing comes any more after {events} of {count} events")
        start = start or time.monotonic()
        for message in messages:
            if message.error():
                sys.exit(str(message.error()))
            delivery = decoder.decode(message.value())
            event = delivery.data or delivery
            events += 1
            notifications += event.customer is not None and event.balance is not None
            publications += event.publication is not None
    seconds = time.monotonic() - start
    consumer.close()
    report = {"events": events, "notifications": notifications, "publications": publications, "seconds": seconds}
    print(json.dumps(report))


main(*sys.argv[1:4], int(sys.argv[4]))
