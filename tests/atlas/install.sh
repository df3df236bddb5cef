#!/bin/sh
# Build Atlas's community edition as a Go module:  install.sh DIRECTORY
#
# 0.13.1 is its newest tagged module. It still has external_schema, which later community builds refuse, and
# it reads PostgreSQL up to 15. Its golang.org/x/tools is too old for today's Go: a newer one is asked for.
set -eu

[ $# -eq 1 ] || { echo "where to? usage: install.sh DIRECTORY" >&2; exit 1; }
command -v go >/dev/null || { echo "install.sh: Go is not on the PATH; install it (1.23 or newer)" >&2; exit 1; }
mkdir -p "$1"
target=$(cd "$1" && pwd)
module=$(mktemp -d)
trap 'rm -rf "$module"' EXIT
trap 'exit 1' INT TERM

cd "$module"
export GOFLAGS=-mod=mod
go mod init atlas
go get ariga.io/atlas/cmd/atlas@v0.13.1 golang.org/x/tools@v0.30.0
go build -o "$target/atlas" ariga.io/atlas/cmd/atlas
echo "$target/atlas"
