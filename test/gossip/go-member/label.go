//go:build !v017

package main

import "github.com/hashicorp/memberlist"

func setLabel(config *memberlist.Config, label string) { config.Label = label }
