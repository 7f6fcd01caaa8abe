// SPDX-License-Identifier: Apache-2.0

// Package v1 is the stored version of Greeting and the hub of its conversions.
package v1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/scheme"
)

// GroupVersion is where the kind is served.
var GroupVersion = schema.GroupVersion{Group: "greetings.example.com", Version: "v1"}

var builder = &scheme.Builder{GroupVersion: GroupVersion}

// AddToScheme makes the kind known to a client.
var AddToScheme = builder.Register(&Greeting{}, &GreetingList{}).AddToScheme

// Greeting asks for a ConfigMap of its name that holds its words.
type Greeting struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              GreetingSpec   `json:"spec,omitempty"`
	Status            GreetingStatus `json:"status,omitempty"`
}

// GreetingSpec is what is wanted.
type GreetingSpec struct {
	// Words must not shout; the webhook sees to it.
	Words string `json:"words"`
	// Tone is "friendly" where nobody says otherwise.
	Tone string `json:"tone,omitempty"`
}

// GreetingStatus is what is there.
type GreetingStatus struct {
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// GreetingList is a list of them.
type GreetingList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Greeting `json:"items"`
}

// Hub marks the version through which others are converted.
func (*Greeting) Hub() {}

// DeepCopyObject copies it for caches.
func (g *Greeting) DeepCopyObject() runtime.Object {
	copied := *g
	g.ObjectMeta.DeepCopyInto(&copied.ObjectMeta)
	copied.Status.Conditions = append([]metav1.Condition(nil), g.Status.Conditions...)
	return &copied
}

// DeepCopyObject copies it for caches.
func (l *GreetingList) DeepCopyObject() runtime.Object {
	copied := *l
	copied.Items = make([]Greeting, len(l.Items))
	for index := range l.Items {
		copied.Items[index] = *l.Items[index].DeepCopyObject().(*Greeting)
	}
	return &copied
}
