//go:build !cgo || (!system && !(linux && amd64))

package rocketmq

// The package has an archive for linux/amd64 and needs cgo, so a C compiler and CGO_ENABLED=1. Elsewhere install
// librocketmq_producer and build with -tags system.
var _ = needs_cgo_and_linux_amd64_or_the_tag_system
