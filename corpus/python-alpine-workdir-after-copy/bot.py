import asyncio
import os

import aiohttp


async def main():
    async with aiohttp.request("GET", os.environ["HOOK_URL"]) as answer:
        print(answer.status)


asyncio.run(main())
