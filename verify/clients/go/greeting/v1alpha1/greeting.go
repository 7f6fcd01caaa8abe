// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 is the first version of Greeting: its words were called text, and there was no tone.
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/conversion"
	"sigs.k8s.io/controller-runtime/pkg/scheme"

	v1 "havn.dev/clients/greeting/v1"
)

// GroupVersion is where the kind is served.
var GroupVersion = schema.GroupVersion{Group: "greetings.example.com", Version: "v1alpha1"}

var builder = &scheme.Builder{GroupVersion: GroupVersion}

// AddToScheme makes the kind known to a client.
var AddToScheme = builder.Register(&Greeting{}).AddToScheme

// toneAnnotation keeps the tone, which this version has no field for.
const toneAnnotation = "greetings.example.com/tone"

// Greeting asks for a ConfigMap of its name that holds its text.
type Greeting struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              GreetingSpec      `json:"spec,omitempty"`
	Status            v1.GreetingStatus `json:"status,omitempty"`
}

// GreetingSpec is what is wanted.
type GreetingSpec struct {
	Text string `json:"text"`
}

// ConvertTo makes the stored version of it.
func (g *Greeting) ConvertTo(hub conversion.Hub) error {
	to := hub.(*v1.Greeting)
	g.ObjectMeta.DeepCopyInto(&to.ObjectMeta)
	to.Spec = v1.GreetingSpec{Words: g.Spec.Text, Tone: g.Annotations[toneAnnotation]}
	delete(to.Annotations, toneAnnotation)
	to.Status = g.Status
	return nil
}

// ConvertFrom makes it of the stored version.
func (g *Greeting) ConvertFrom(hub conversion.Hub) error {
	from := hub.(*v1.Greeting)
	from.ObjectMeta.DeepCopyInto(&g.ObjectMeta)
	if from.Spec.Tone != "" {
		metav1.SetMetaDataAnnotation(&g.ObjectMeta, toneAnnotation, from.Spec.Tone)
	}
	g.Spec.Text = from.Spec.Words
	g.Status = from.Status
	return nil
}

// DeepCopyObject copies it for caches.
func (g *Greeting) DeepCopyObject() runtime.Object {
	copied := *g
	g.ObjectMeta.DeepCopyInto(&copied.ObjectMeta)
	copied.Status.Conditions = append([]metav1.Condition(nil), g.Status.Conditions...)
	return &copied
}
