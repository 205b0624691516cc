"""The failover that one would write by hand, of many applications at once: botocore (what boto3 is made of) with threads, or aiobotocore with asyncio. For
each: assume the role, see what stands, raise the capacity, wait for it, move the weights, wait for Route 53, look again. Nothing is
journalled, approved or audited. Told as JSON. `make bench` runs it beside Holdfast, on the same endpoint."""

import argparse
import asyncio
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.config import Config
from botocore.session import Session

PAUSE = 0.1


def plan(arguments, application):
    """The calls in their order, as a coroutine of the one that sends them: yields (service, operation, parameters)."""
    account = application % arguments.accounts
    home, recovery = arguments.regions.split(",")
    number = f"{200_000_000_000 + account:012}"
    given = yield (
        "sts",
        "assume_role",
        {
            "RoleArn": f"arn:aws:iam::{number}:role/holdfast-act",
            "RoleSessionName": f"move-{application}",
            "SourceIdentity": "operator",
            "ExternalId": f"bench-{account}",
        },
    )
    yield ("credentials", account, given["Credentials"])
    zone = f"Z0BENCH{account:07}"
    name = f"app-{application:05}.account-{account}.example.com."
    service = {"cluster": arguments.cluster, "services": [f"app-{application:05}"]}
    records = {"HostedZoneId": zone, "StartRecordName": name, "StartRecordType": "A", "MaxItems": "2"}
    found = yield ("route53", "list_resource_record_sets", records)
    yield ("ecs", "describe_services", service)
    yield ("ecs", "update_service", {"cluster": arguments.cluster, "service": f"app-{application:05}", "desiredCount": 3})
    while True:
        seen = (yield ("ecs", "describe_services", service))["services"][0]
        if seen["runningCount"] == 3:
            break
        yield ("sleep", None, None)
    changes = []
    for record in found["ResourceRecordSets"]:
        if record["Name"] == name:
            changes.append({"Action": "DELETE", "ResourceRecordSet": record})
            weight = 0 if record["SetIdentifier"] == home else 100
            changes.append({"Action": "CREATE", "ResourceRecordSet": {**record, "Weight": weight}})
    change = yield (
        "route53",
        "change_resource_record_sets",
        {"HostedZoneId": zone, "ChangeBatch": {"Changes": changes}},
    )
    while (yield ("route53", "get_change", {"Id": change["ChangeInfo"]["Id"]}))["ChangeInfo"]["Status"] != "INSYNC":
        yield ("sleep", None, None)
    yield ("route53", "list_resource_record_sets", records)


def region_of(service, recovery):
    """Route 53 is signed for one Region, wherever it is called from; an endpoint of one's own does not tell botocore so."""
    return "us-east-1" if service == "route53" else recovery


def credentials_of(given):
    return {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }


def by_threads(arguments):
    session = Session()
    recovery = arguments.regions.split(",")[1]
    config = Config(max_pool_connections=arguments.concurrency)
    lock, calls = threading.Lock(), 0

    def client(service, **credentials):
        # Making clients is not safe in several threads at once.
        with lock:
            return session.create_client(
                service, region_name=region_of(service, recovery), endpoint_url=arguments.endpoint, config=config, **credentials
            )

    sts, made = client("sts"), {}

    def move(application):
        nonlocal calls
        steps, answer, clients = plan(arguments, application), None, {}
        while True:
            try:
                service, operation, parameters = steps.send(answer)
            except StopIteration:
                return
            answer = None
            if service == "sleep":
                time.sleep(PAUSE)
            elif service == "credentials":
                # One pair of clients per account, as one would.
                for needed in ("ecs", "route53"):
                    if (operation, needed) not in made:
                        made[operation, needed] = client(needed, **credentials_of(parameters))
                    clients[needed] = made[operation, needed]
            else:
                with lock:
                    calls += 1
                answer = getattr(sts if service == "sts" else clients[service], operation)(**parameters)

    with ThreadPoolExecutor(arguments.concurrency) as pool:
        began = time.monotonic()
        for done in [pool.submit(move, application) for application in range(arguments.applications)]:
            done.result()
        return time.monotonic() - began, calls


async def by_asyncio(arguments):
    session = get_session()
    recovery = arguments.regions.split(",")[1]
    config = AioConfig(max_pool_connections=arguments.concurrency)
    places, calls, made = asyncio.Semaphore(arguments.concurrency), 0, {}

    async with AsyncExitStack() as stack:

        async def client(service, **credentials):
            made_now = session.create_client(
                service, region_name=region_of(service, recovery), endpoint_url=arguments.endpoint, config=config, **credentials
            )
            return await stack.enter_async_context(made_now)

        sts = await client("sts")

        async def move(application):
            nonlocal calls
            steps, answer, clients = plan(arguments, application), None, {}
            async with places:
                while True:
                    try:
                        service, operation, parameters = steps.send(answer)
                    except StopIteration:
                        return
                    answer = None
                    if service == "sleep":
                        await asyncio.sleep(PAUSE)
                    elif service == "credentials":
                        for needed in ("ecs", "route53"):
                            if (operation, needed) not in made:
                                made[operation, needed] = await client(needed, **credentials_of(parameters))
                            clients[needed] = made[operation, needed]
                    else:
                        calls += 1
                        caller = sts if service == "sts" else clients[service]
                        answer = await getattr(caller, operation)(**parameters)

        began = time.monotonic()
        await asyncio.gather(*(move(application) for application in range(arguments.applications)))
        return time.monotonic() - began, calls


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--cluster", required=True)
    parser.add_argument("--regions", required=True)
    parser.add_argument("--how", choices=["threads", "asyncio"], required=True)
    for number in ("applications", "accounts", "concurrency"):
        parser.add_argument(f"--{number}", type=int, required=True)
    asked = parser.parse_args()
    seconds, made = by_threads(asked) if asked.how == "threads" else asyncio.run(by_asyncio(asked))
    print(json.dumps({"seconds": seconds, "calls": made, "cpu_seconds": time.process_time()}))
