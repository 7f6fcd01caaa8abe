// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	v1 "havn.dev/clients/greeting/v1"
)

// finalizer keeps a greeting until its farewell is written.
const finalizer = "greetings.example.com/farewell"

// A greeter writes each greeting's words into a ConfigMap, and a farewell when the greeting goes.
type greeter struct {
	client.Client
	events events.EventRecorder
}

func (g *greeter) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var greeting v1.Greeting
	if err := g.Get(ctx, request.NamespacedName, &greeting); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !greeting.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, g.sayFarewell(ctx, &greeting)
	}
	if controllerutil.AddFinalizer(&greeting, finalizer) {
		return ctrl.Result{}, g.Update(ctx, &greeting)
	}
	if err := g.write(ctx, &greeting); err != nil {
		return ctrl.Result{}, err
	}
	before := greeting.DeepCopyObject().(*v1.Greeting)
	isNew := meta.SetStatusCondition(&greeting.Status.Conditions, metav1.Condition{
		Type: "Written", Status: metav1.ConditionTrue, Reason: "Greeted", ObservedGeneration: greeting.Generation,
	})
	if !isNew {
		return ctrl.Result{}, nil
	}
	g.events.Eventf(&greeting, nil, corev1.EventTypeNormal, "Greeted", "Greet", "%s", greeting.Spec.Words)
	return ctrl.Result{}, g.Status().Patch(ctx, &greeting, client.MergeFrom(before))
}

// write applies the ConfigMap with the greeting as its owner.
func (g *greeter) write(ctx context.Context, greeting *v1.Greeting) error {
	owner := applymetav1.OwnerReference().WithAPIVersion(v1.GroupVersion.String()).WithKind("Greeting").
		WithName(greeting.Name).WithUID(greeting.UID).WithController(true).WithBlockOwnerDeletion(true)
	wanted := applycorev1.ConfigMap(greeting.Name, greeting.Namespace).WithOwnerReferences(owner).
		WithData(map[string]string{"words": greeting.Spec.Words, "tone": greeting.Spec.Tone})
	return g.Apply(ctx, wanted, client.FieldOwner("greeter"), client.ForceOwnership)
}

func (g *greeter) sayFarewell(ctx context.Context, greeting *v1.Greeting) error {
	farewell := &corev1.ConfigMap{ObjectMeta: named("farewell"), Data: map[string]string{greeting.Name: "gone"}}
	if err := g.Create(ctx, farewell); client.IgnoreAlreadyExists(err) != nil {
		return err
	}
	controllerutil.RemoveFinalizer(greeting, finalizer)
	return g.Update(ctx, greeting)
}

// manners are what the webhooks see to.
type manners struct{}

func (manners) Default(_ context.Context, greeting *v1.Greeting) error {
	if greeting.Spec.Tone == "" {
		greeting.Spec.Tone = "friendly"
	}
	return nil
}

func (manners) ValidateCreate(_ context.Context, greeting *v1.Greeting) (admission.Warnings, error) {
	return mind(greeting)
}

func (manners) ValidateUpdate(_ context.Context, _, greeting *v1.Greeting) (admission.Warnings, error) {
	return mind(greeting)
}

func (manners) ValidateDelete(_ context.Context, greeting *v1.Greeting) (admission.Warnings, error) {
	if greeting.Spec.Tone == "everlasting" {
		return nil, errors.New("an everlasting greeting stays")
	}
	return nil, nil
}

func mind(greeting *v1.Greeting) (admission.Warnings, error) {
	if strings.Contains(greeting.Spec.Words, "!") {
		return nil, errors.New("greetings do not shout")
	}
	if greeting.Spec.Tone == "curt" {
		return admission.Warnings{"a curt greeting"}, nil
	}
	return nil, nil
}
