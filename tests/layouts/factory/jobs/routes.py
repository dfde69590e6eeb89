from fastapi import APIRouter, Request, Response

router = APIRouter()


@router.post("/jobs", status_code=202)
async def add(request: Request) -> None:
    await request.app.state.redis.rpush(request.app.state.settings.queue, await request.body())


@router.get("/jobs/next")
async def take(request: Request) -> Response:
    job = await request.app.state.redis.lpop(request.app.state.settings.queue)
    return Response(job, status_code=200 if job else 204)


@router.get("/ready")
async def ready(request: Request) -> bool:
    return bool(await request.app.state.redis.ping())
