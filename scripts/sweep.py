"""The status sweep that one would write by hand: asyncio, aiobotocore, one session per account, one client per account
and Region, a semaphore. Told as JSON. `make bench` runs it beside Holdfast's own, on the same endpoint."""

import argparse
import asyncio
import json
import time
from contextlib import AsyncExitStack

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session


async def main(arguments):
    session = get_session()
    regions = arguments.regions.split(",")
    config = AioConfig(max_pool_connections=arguments.concurrency)
    places = asyncio.Semaphore(arguments.concurrency)
    calls = 0

    async with AsyncExitStack() as stack:

        async def client(service, region, **credentials):
            made = session.create_client(
                service, region_name=region, endpoint_url=arguments.endpoint, config=config, **credentials
            )
            return await stack.enter_async_context(made)

        sts = await client("sts", regions[0])
        began = time.monotonic()

        async def sweep(account):
            nonlocal calls
            number = f"{200_000_000_000 + account:012}"
            async with places:
                calls += 1
                given = (
                    await sts.assume_role(
                        RoleArn=f"arn:aws:iam::{number}:role/holdfast-read",
                        RoleSessionName="sweep",
                        ExternalId=f"bench-{account}",
                    )
                )["Credentials"]
            credentials = dict(
                aws_access_key_id=given["AccessKeyId"],
                aws_secret_access_key=given["SecretAccessKey"],
                aws_session_token=given["SessionToken"],
            )
            clients = {region: await client("ecs", region, **credentials) for region in regions}

            async def look(application, region):
                nonlocal calls
                async with places:
                    calls += 1
                    found = await clients[region].describe_services(
                        cluster=arguments.cluster, services=[f"app-{application:05}"]
                    )
                assert found["services"][0]["desiredCount"] == 2

            await asyncio.gather(
                *(
                    look(application, region)
                    for application in range(account, arguments.applications, arguments.accounts)
                    for region in regions
                )
            )

        await asyncio.gather(*(sweep(account) for account in range(arguments.accounts)))
        seconds = time.monotonic() - began

    print(json.dumps({"seconds": seconds, "calls": calls, "cpu_seconds": time.process_time()}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--cluster", required=True)
    parser.add_argument("--regions", required=True)
    parser.add_argument("--applications", type=int, required=True)
    parser.add_argument("--accounts", type=int, required=True)
    parser.add_argument("--concurrency", type=int, required=True)
    asyncio.run(main(parser.parse_args()))
