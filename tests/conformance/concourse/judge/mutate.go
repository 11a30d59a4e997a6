package main

import (
	"bytes"
	"math/rand/v2"
	"strings"

	"gopkg.in/yaml.v3"
)

// mutate makes a mutant of one of the documents. The same seed and number make the same mutant.
func mutate(documents [][]byte, seed, number uint64) []byte {
	random := rand.New(rand.NewPCG(seed, number))
	for {
		document := documents[random.IntN(len(documents))]
		var root yaml.Node
		if yaml.Unmarshal(document, &root) != nil || root.Kind != yaml.DocumentNode {
			// What is no YAML as it stands has nothing to mutate.
			return document
		}
		mutator := mutator{random: random}
		for range 1 + random.IntN(3) {
			mutator.root = root.Content[0]
			mutator.collect(mutator.root, nil)
			mutator.step()
		}
		var text bytes.Buffer
		encoder := yaml.NewEncoder(&text)
		encoder.SetIndent(2)
		if encoder.Encode(&root) == nil {
			return text.Bytes()
		}
	}
}

type mutator struct {
	random *rand.Rand
	root   *yaml.Node
	// All nodes but the root and anchors, each with what holds it; a key and its value are one entry.
	nodes []place
	names []string
}

type place struct {
	parent *yaml.Node
	// The value within the parent's content.
	at int
}

func (p place) node() *yaml.Node { return p.parent.Content[p.at] }

// first is where the item or entry begins, and width how many nodes it has.
func (p place) first() (int, int) {
	if p.parent.Kind == yaml.MappingNode {
		return p.at - 1, 2
	}
	return p.at, 1
}

func (m *mutator) collect(node *yaml.Node, parent *yaml.Node) {
	if parent == nil {
		m.nodes, m.names = nil, nil
	}
	step, start := 1, 0
	switch node.Kind {
	case yaml.MappingNode:
		step, start = 2, 1
	case yaml.SequenceNode:
	case yaml.ScalarNode:
		if len(node.Value) > 0 && len(node.Value) < 40 {
			m.names = append(m.names, node.Value)
		}
		return
	default:
		return
	}
	for at := start; at < len(node.Content); at += step {
		m.nodes = append(m.nodes, place{node, at})
		if step == 2 {
			m.names = append(m.names, node.Content[at-1].Value)
		}
		m.collect(node.Content[at], node)
	}
}

func (m *mutator) step() {
	if len(m.nodes) == 0 {
		return
	}
	place := m.nodes[m.random.IntN(len(m.nodes))]
	switch m.random.IntN(5) {
	case 0:
		m.drop(place)
	case 1:
		m.rename(place)
	case 2:
		m.duplicate(place)
	case 3:
		place.parent.Content[place.at] = m.other(place.node())
	case 4:
		m.reorder(place.parent)
	}
}

func (m *mutator) drop(place place) {
	first, width := place.first()
	content := place.parent.Content
	place.parent.Content = append(content[:first:first], content[first+width:]...)
}

// rename changes a key, or a text that may be the name of something.
func (m *mutator) rename(place place) {
	target := place.node()
	if place.parent.Kind == yaml.MappingNode && m.random.IntN(2) == 0 {
		target = place.parent.Content[place.at-1]
	}
	if target.Kind != yaml.ScalarNode {
		return
	}
	name := target.Value
	switch m.random.IntN(4) {
	case 0:
		name = m.names[m.random.IntN(len(m.names))]
	case 1:
		name += "s"
	case 2:
		odd := []string{"", "A", "1", "a b", "a/b", "((v))", "a*", "é", "_x", "-", "0x10", "null", "[a", "a.b"}
		name = odd[m.random.IntN(len(odd))]
	default:
		if letters := []rune(name); len(letters) > 1 {
			at := m.random.IntN(len(letters) - 1)
			letters[at], letters[at+1] = letters[at+1], letters[at]
			name = string(letters)
		}
	}
	*target = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: name, Style: target.Style}
}

func (m *mutator) duplicate(place place) {
	first, width := place.first()
	content := place.parent.Content
	again := append([]*yaml.Node{}, content[first:first+width]...)
	// At the top, fly and the server do not make the same of it.
	isTop := place.parent == m.root
	if width == 2 && !isTop && again[0].Kind == yaml.ScalarNode && again[0].Value != "" && m.random.IntN(2) == 0 {
		// To Go the same field, whatever its case.
		name := again[0].Value
		recased := []string{strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:], strings.ToLower(name)}
		again[0] = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: recased[m.random.IntN(len(recased))]}
		if m.random.IntN(2) == 0 {
			again[1] = m.other(again[1])
		}
	}
	to := 0
	if items := len(content) / width; items > 0 {
		to = width * m.random.IntN(items+1)
	}
	longer := append(append(content[:to:to], again...), content[to:]...)
	place.parent.Content = longer
}

// other is a value of another type, sometimes with the old one inside.
func (m *mutator) other(node *yaml.Node) *yaml.Node {
	scalar := func(tag, value string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value} }
	switch m.random.IntN(10) {
	case 0:
		return scalar("!!null", "null")
	case 1:
		return scalar("!!bool", "true")
	case 2:
		return scalar("!!int", []string{"0", "1", "-1", "3", "12345678901234567890"}[m.random.IntN(5)])
	case 3:
		return scalar("!!float", []string{"1.5", "2.0", ".5"}[m.random.IntN(3)])
	case 4:
		return scalar("!!str", m.names[m.random.IntN(len(m.names))])
	case 5:
		return scalar("!!str", "")
	case 6:
		return &yaml.Node{Kind: yaml.SequenceNode}
	case 7:
		return &yaml.Node{Kind: yaml.MappingNode}
	case 8:
		return &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{node}}
	default:
		key := scalar("!!str", m.names[m.random.IntN(len(m.names))])
		return &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{key, node}}
	}
}

func (m *mutator) reorder(parent *yaml.Node) {
	width := 1
	if parent.Kind == yaml.MappingNode {
		width = 2
	}
	items := len(parent.Content) / width
	m.random.Shuffle(items, func(a, b int) {
		for offset := range width {
			one, other := a*width+offset, b*width+offset
			parent.Content[one], parent.Content[other] = parent.Content[other], parent.Content[one]
		}
	})
}
