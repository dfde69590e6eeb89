from fastapi import FastAPI, Request

application = FastAPI()


@application.get("/")
def root(request: Request):
    return {"shape": "own Dockerfile", "root_path": request.scope["root_path"]}
