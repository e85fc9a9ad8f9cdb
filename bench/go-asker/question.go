package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
)

const (
	etherTypeARP  = 0x0806
	etherTypeIPv6 = 0x86dd
	ethernetBytes = 14
	ipv6Bytes     = 40
	nextICMPv6    = 58
)

// A question is a frame, always the same, and what makes a frame an answer to it.
type question struct {
	etherType      uint16
	interfaceIndex int
	frame          []byte
	answers        func(frame []byte) bool
}

// The client asks as its kernel would, from its own address on eth0: the kernel that is asked makes an entry for each
// neighbour that asks, and answers no more of them than its table holds (1024).
func questionFor(target netip.Addr) (*question, error) {
	eth0, err := net.InterfaceByName("eth0")
	if err != nil {
		return nil, err
	}
	source, err := ownAddress(eth0, target.Is4())
	if err != nil {
		return nil, err
	}
	if target.Is4() {
		return arpQuestion(eth0, source, target), nil
	}
	return ndpQuestion(eth0, source, target), nil
}

// Of IPv6 the link-local one, which every interface has.
func ownAddress(eth0 *net.Interface, is4 bool) (netip.Addr, error) {
	addresses, err := eth0.Addrs()
	if err != nil {
		return netip.Addr{}, err
	}
	for _, address := range addresses {
		prefix, err := netip.ParsePrefix(address.String())
		if err != nil {
			return netip.Addr{}, err
		}
		if is4 && prefix.Addr().Is4() || !is4 && prefix.Addr().IsLinkLocalUnicast() && prefix.Addr().Is6() {
			return prefix.Addr(), nil
		}
	}
	return netip.Addr{}, fmt.Errorf("eth0 has no address to ask from")
}

// A request to all (RFC 826). An announcement that nobody asked for names the address as its target, too.
func arpQuestion(eth0 *net.Interface, source, target netip.Addr) *question {
	wanted, own := target.AsSlice(), []byte(eth0.HardwareAddr)
	frame := ethernet(bytes.Repeat([]byte{0xff}, 6), own, etherTypeARP)
	frame = append(frame, 0, 1, 8, 0, 6, 4, 0, 1)
	frame = append(append(frame, own...), source.AsSlice()...)
	frame = append(append(frame, 0, 0, 0, 0, 0, 0), wanted...)
	return &question{
		etherType:      etherTypeARP,
		interfaceIndex: eth0.Index,
		frame:          frame,
		answers: func(frame []byte) bool {
			if len(frame) < ethernetBytes+28 {
				return false
			}
			arp := frame[ethernetBytes:]
			isReply := arp[6] == 0 && arp[7] == 2
			return isReply && bytes.Equal(arp[14:18], wanted) && !bytes.Equal(arp[24:28], wanted)
		},
	}
}

// A solicitation to the group of the address, with the MAC address to answer to (RFC 4861 section 4.3). The flag S
// tells an answer from an announcement (section 4.4).
func ndpQuestion(eth0 *net.Interface, source, target netip.Addr) *question {
	wanted, own := target.AsSlice(), []byte(eth0.HardwareAddr)
	group := netip.MustParseAddr("ff02::1:ff00:0").AsSlice()
	copy(group[13:], wanted[13:])
	message := append([]byte{135, 0, 0, 0, 0, 0, 0, 0}, wanted...)
	message = append(append(message, 1, 1), own...)
	binary.BigEndian.PutUint16(message[2:], icmpv6Checksum(source.AsSlice(), group, message))
	frame := ethernet(append([]byte{0x33, 0x33}, group[12:]...), own, etherTypeIPv6)
	frame = append(frame, 6<<4, 0, 0, 0, 0, byte(len(message)), nextICMPv6, 255)
	frame = append(append(frame, source.AsSlice()...), group...)
	return &question{
		etherType:      etherTypeIPv6,
		interfaceIndex: eth0.Index,
		frame:          append(frame, message...),
		answers: func(frame []byte) bool {
			if len(frame) < ethernetBytes+ipv6Bytes+24 || frame[ethernetBytes+6] != nextICMPv6 {
				return false
			}
			message := frame[ethernetBytes+ipv6Bytes:]
			isSolicited := message[4]&0x40 != 0
			return message[0] == 136 && isSolicited && bytes.Equal(message[8:24], wanted)
		},
	}
}

func ethernet(destination, source []byte, etherType uint16) []byte {
	frame := append(append([]byte{}, destination...), source...)
	return binary.BigEndian.AppendUint16(frame, etherType)
}

// The message has an even length and zeros for its checksum (RFC 4443 section 2.3).
func icmpv6Checksum(source, destination, message []byte) uint16 {
	sum := uint32(len(message)) + nextICMPv6
	for _, part := range [][]byte{source, destination, message} {
		for at := 0; at < len(part); at += 2 {
			sum += uint32(binary.BigEndian.Uint16(part[at:]))
		}
	}
	for sum > 0xffff {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}
