"""What a Python team would pick: FastStream over confluent-kafka, with a pydantic model for the parameter.

faststream_peer.py BROKERS TOPIC GROUP COUNT: as msgspec_peer.py.
"""

import asyncio
import json
import sys
import time

from faststream import FastStream
from faststream.confluent import KafkaBroker
from pydantic import BaseModel


class Identified(BaseModel):
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


class Loyalty(BaseModel):
    type: str | None = None
    calculation_type: str | None = None


class EarningRule(Identified):
    loyalty: Loyalty | None = None


class Balance(BaseModel):
    points: int
    balance: int
    total: int | None = None
    related_object: Identified | None = None


class Trigger(Identified):
    type: str | None = None
    created_at: str | None = None


class Publication(Identified):
    channel: str | None = None


class Event(BaseModel):
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
    broker = KafkaBroker(brokers, logger=None)
    app = FastStream(broker, logger=None)
    report = {"events": 0, "notifications": 0, "publications": 0, "seconds": 0.0}
    start = None

    @broker.subscriber(topic, group_id=group, auto_offset_reset="earliest")
    async def handle(delivery: Event) -> None:
        nonlocal start
        start = start or time.monotonic()
        event = delivery.data or delivery
        report["events"] += 1
        report["notifications"] += event.customer is not None and event.balance is not None
        report["publications"] += event.publication is not None
        if report["events"] == count:
            report["seconds"] = time.monotonic() - start
            app.exit()

    asyncio.run(app.run())
    print(json.dumps(report))


main(*sys.argv[1:4], int(sys.argv[4]))
