//go:build v017

package main

import "github.com/hashicorp/memberlist"

// v0.1.7 knows no labels.
func setLabel(config *memberlist.Config, label string) {
	if label != "" {
		panic("memberlist v0.1.7 knows no labels")
	}
}
