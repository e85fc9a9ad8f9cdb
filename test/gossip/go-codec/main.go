// Answers requests, one JSON line each, with memberlist's own codec and a node of it: the other side of
// test/gossip/go-codec.test.ts.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"

	"github.com/hashicorp/memberlist"
)

type request struct {
	Op       string
	Bytes    []byte
	Type     uint8
	Fields   json.RawMessage
	Messages [][]byte
	Label    string
	Key      []byte
	Compress bool
	Checksum bool
}

type answer struct {
	Bytes   []byte
	Fields  any
	Parts   [][]byte
	Members []*memberlist.Node
	Heard   heard
	Error   string
}

var nodes = map[string]*node{}

func main() {
	lines := bufio.NewReader(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var asked request
		var given answer
		err = json.Unmarshal(line, &asked)
		if err == nil {
			given, err = serve(asked)
		}
		if err != nil {
			given.Error = err.Error()
		}
		if err := out.Encode(given); err != nil {
			panic(err)
		}
	}
}

func serve(asked request) (given answer, err error) {
	switch asked.Op {
	case "decode":
		given.Fields, err = decodeMessage(asked.Bytes)
	case "encode":
		given.Bytes, err = encodeMessage(asked.Type, asked.Fields)
	case "open":
		given.Parts, err = openPacket(asked)
	case "seal":
		given.Bytes, err = sealPacket(asked)
	case "packet", "stream":
		return serveNode(asked)
	default:
		err = fmt.Errorf("no operation %q", asked.Op)
	}
	return given, err
}

func decodeMessage(message []byte) (any, error) {
	if len(message) == 0 {
		return nil, errors.New("empty")
	}
	fields, err := fieldsOf(message[0])
	if err == nil {
		err = decode(message[1:], fields)
	}
	return fields, err
}

func encodeMessage(messageType uint8, given json.RawMessage) ([]byte, error) {
	fields, err := fieldsOf(messageType)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(given, fields); err != nil {
		return nil, err
	}
	buffer, err := encode(messageType, fields, false)
	return buffer.Bytes(), err
}

// The layers of a packet from the inside out, each by the library.
func sealPacket(asked request) ([]byte, error) {
	packet := asked.Messages[0]
	if len(asked.Messages) > 1 {
		packet = makeCompoundMessages(asked.Messages)[0].Bytes()
	}
	if asked.Compress {
		compressed, err := compressPayload(packet, false)
		if err != nil {
			return nil, err
		}
		packet = compressed.Bytes()
	}
	if asked.Checksum {
		sum := binary.BigEndian.AppendUint32([]byte{12}, crc32.ChecksumIEEE(packet))
		packet = append(sum, packet...)
	}
	if len(asked.Key) > 0 {
		var sealed bytes.Buffer
		if err := encryptPayload(1, asked.Key, packet, []byte(asked.Label), &sealed); err != nil {
			return nil, err
		}
		packet = sealed.Bytes()
	}
	return memberlist.AddLabelHeaderToPacket(packet, asked.Label)
}

// The layers of a packet from the outside in; gives the bare messages.
func openPacket(asked request) ([][]byte, error) {
	packet, label, err := memberlist.RemoveLabelHeaderFromPacket(asked.Bytes)
	if err != nil || label != asked.Label {
		return nil, fmt.Errorf("label %q: %v", label, err)
	}
	if len(asked.Key) > 0 {
		if packet, err = decryptPayload([][]byte{asked.Key}, packet, []byte(label)); err != nil {
			return nil, err
		}
	}
	if len(packet) >= 5 && packet[0] == 12 {
		if crc32.ChecksumIEEE(packet[5:]) != binary.BigEndian.Uint32(packet[1:5]) {
			return nil, errors.New("checksum")
		}
		packet = packet[5:]
	}
	return unpack(packet)
}

func unpack(packet []byte) ([][]byte, error) {
	if len(packet) > 0 && packet[0] == 9 {
		content, err := decompressPayload(packet[1:])
		if err != nil {
			return nil, err
		}
		return unpack(content)
	}
	if len(packet) == 0 || packet[0] != 7 {
		return [][]byte{packet}, nil
	}
	cut, parts, err := decodeCompoundMessage(packet[1:])
	if cut > 0 {
		err = fmt.Errorf("%d parts cut", cut)
	}
	return parts, err
}

func serveNode(asked request) (given answer, err error) {
	name := fmt.Sprintf("%q %x %v", asked.Label, asked.Key, asked.Compress)
	n := nodes[name]
	if n == nil {
		if n, err = newNode(asked.Label, asked.Key, asked.Compress); err != nil {
			return given, err
		}
		nodes[name] = n
	}
	if asked.Op == "packet" {
		given.Bytes, err = n.packet(asked.Bytes)
	} else {
		given.Bytes, err = n.stream(asked.Bytes)
	}
	given.Members = n.list.Members()
	given.Heard = n.take()
	return given, err
}
