#! /usr/bin/env bash
sleep 10
alembic upgrade head
