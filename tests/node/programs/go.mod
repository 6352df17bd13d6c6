module remint.dev/tests/node/programs

go 1.21
