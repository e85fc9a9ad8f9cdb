package main

import "fmt"

// Fields of the messages (ML-26a..g); the library finds them by name.

type ping struct {
	SeqNo      uint32
	Node       string
	SourceAddr []byte `codec:",omitempty"`
	SourcePort uint16 `codec:",omitempty"`
	SourceNode string `codec:",omitempty"`
}

type indirectPing struct {
	SeqNo      uint32
	Target     []byte
	Port       uint16
	Node       string
	Nack       bool
	SourceAddr []byte `codec:",omitempty"`
	SourcePort uint16 `codec:",omitempty"`
	SourceNode string `codec:",omitempty"`
}

type ack struct {
	SeqNo   uint32
	Payload []byte
}

type nack struct{ SeqNo uint32 }

type accusation struct {
	Incarnation uint32
	Node        string
	From        string
}

type alive struct {
	Incarnation uint32
	Node        string
	Addr        []byte
	Port        uint16
	Meta        []byte
	Vsn         []byte
}

func fieldsOf(messageType uint8) (any, error) {
	switch messageType {
	case 0:
		return &ping{}, nil
	case 1:
		return &indirectPing{}, nil
	case 2:
		return &ack{}, nil
	case 3, 5:
		return &accusation{}, nil
	case 4:
		return &alive{}, nil
	case 11:
		return &nack{}, nil
	}
	return nil, fmt.Errorf("message type %d", messageType)
}
