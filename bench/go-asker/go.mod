module metallb-ts/go-asker

go 1.24
