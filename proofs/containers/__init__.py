"""`make containers`: docker-compose.yml and the Dockerfile for real, on a simulated exchange, from nothing to nothing.

engine.py    the Docker engine that answers, or a private one in a network namespace of its own
network.py   that namespace, and its one way out
images.py    the base images: pulled, or stand-ins from Debian's packages under the very tags that the files name
project.py   a copy of the project, and how its containers are asked
checks.py    what must hold while it runs; kills.py: after crashes; scaling.py: with further workers; https.py: by TLS
restoring.py a backup, and the books made again from it
run.py       all of it in order
"""
