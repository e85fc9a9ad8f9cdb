package main

import (
	"bytes"
	_ "unsafe" // for go:linkname
)

// The library's own codec, which it does not export: the functions that a stock speaker runs.

//go:linkname decode github.com/hashicorp/memberlist.decode
func decode(buf []byte, out any) error

//go:linkname encode github.com/hashicorp/memberlist.encode
func encode(messageType uint8, in any, useNewTimeFormat bool) (*bytes.Buffer, error)

//go:linkname makeCompoundMessages github.com/hashicorp/memberlist.makeCompoundMessages
func makeCompoundMessages(messages [][]byte) []*bytes.Buffer

//go:linkname decodeCompoundMessage github.com/hashicorp/memberlist.decodeCompoundMessage
func decodeCompoundMessage(buf []byte) (int, [][]byte, error)

//go:linkname compressPayload github.com/hashicorp/memberlist.compressPayload
func compressPayload(payload []byte, useNewTimeFormat bool) (*bytes.Buffer, error)

//go:linkname decompressPayload github.com/hashicorp/memberlist.decompressPayload
func decompressPayload(message []byte) ([]byte, error)

//go:linkname encryptPayload github.com/hashicorp/memberlist.encryptPayload
func encryptPayload(version uint8, key, message, data []byte, out *bytes.Buffer) error

//go:linkname decryptPayload github.com/hashicorp/memberlist.decryptPayload
func decryptPayload(keys [][]byte, message, data []byte) ([]byte, error)
