// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook"

	v1 "havn.dev/clients/greeting/v1"
	"havn.dev/clients/greeting/v1alpha1"
)

// walk writes greetings as a user does and looks at what the operator and its webhooks make of them.
func walk(ctx context.Context, server webhook.Server, user client.Client) error {
	err := until(ctx, "the webhooks listen", func(context.Context) (bool, error) { return server.StartedChecker()(nil) == nil, nil })
	if err != nil {
		return err
	}
	shouted := &v1.Greeting{ObjectMeta: named("shouted"), Spec: v1.GreetingSpec{Words: "hello!"}}
	err = user.Create(ctx, shouted)
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "greetings do not shout") {
		return fmt.Errorf("a shouted greeting: %v", err)
	}
	long := &v1.Greeting{ObjectMeta: named("long"), Spec: v1.GreetingSpec{Words: strings.Repeat("hello ", 20)}}
	if err := user.Create(ctx, long); !apierrors.IsInvalid(err) {
		return fmt.Errorf("a greeting that is too long: %v", err)
	}
	old := &v1alpha1.Greeting{ObjectMeta: named("old"), Spec: v1alpha1.GreetingSpec{Text: "good morning"}}
	if err := user.Create(ctx, old); err != nil {
		return err
	}
	if err := converted(ctx, user); err != nil {
		return err
	}
	if err := reconciled(ctx, user); err != nil {
		return err
	}
	return deleted(ctx, user)
}

// converted reads in each version what was written in the older.
func converted(ctx context.Context, user client.Client) error {
	var greeting v1.Greeting
	if err := user.Get(ctx, key("old"), &greeting); err != nil {
		return err
	}
	if greeting.Spec.Words != "good morning" || greeting.Spec.Tone != "friendly" {
		return fmt.Errorf("converted and defaulted: %+v", greeting.Spec)
	}
	var old v1alpha1.Greeting
	if err := user.Get(ctx, key("old"), &old); err != nil {
		return err
	}
	if old.Spec.Text != "good morning" || old.Annotations["greetings.example.com/tone"] != "friendly" {
		return fmt.Errorf("converted back: %+v %v", old.Spec, old.Annotations)
	}
	return nil
}

// reconciled waits for what the operator writes, changes the greeting, takes the ConfigMap away and waits again.
func reconciled(ctx context.Context, user client.Client) error {
	written := func(words string) error {
		return until(ctx, "the ConfigMap says "+words, func(ctx context.Context) (bool, error) {
			var found corev1.ConfigMap
			err := user.Get(ctx, key("old"), &found)
			return err == nil && found.Data["words"] == words, client.IgnoreNotFound(err)
		})
	}
	if err := written("good morning"); err != nil {
		return err
	}
	var greeting v1.Greeting
	err := until(ctx, "the condition is there", func(ctx context.Context) (bool, error) {
		err := user.Get(ctx, key("old"), &greeting)
		return err == nil && meta.IsStatusConditionTrue(greeting.Status.Conditions, "Written"), err
	})
	if err != nil {
		return err
	}
	before := greeting.DeepCopyObject().(*v1.Greeting)
	greeting.Spec.Words = "good evening"
	if err := user.Patch(ctx, &greeting, client.MergeFrom(before)); err != nil {
		return err
	}
	if err := written("good evening"); err != nil {
		return err
	}
	if err := user.Delete(ctx, &corev1.ConfigMap{ObjectMeta: named("old")}); err != nil {
		return err
	}
	if err := written("good evening"); err != nil {
		return err
	}
	return until(ctx, "the event", func(ctx context.Context) (bool, error) {
		var events corev1.EventList
		err := user.List(ctx, &events, client.InNamespace(namespace), client.MatchingFields{"reason": "Greeted"})
		return err == nil && len(events.Items) > 0, err
	})
}

// deleted waits for the finalizer's work and for the garbage collector's.
func deleted(ctx context.Context, user client.Client) error {
	if err := user.Delete(ctx, &v1.Greeting{ObjectMeta: named("old")}); err != nil {
		return err
	}
	err := until(ctx, "greeting and ConfigMap go", func(ctx context.Context) (bool, error) {
		greeting := user.Get(ctx, key("old"), &v1.Greeting{})
		written := user.Get(ctx, key("old"), &corev1.ConfigMap{})
		return apierrors.IsNotFound(greeting) && apierrors.IsNotFound(written), nil
	})
	if err != nil {
		return err
	}
	if err := user.Get(ctx, key("farewell"), &corev1.ConfigMap{}); err != nil {
		return err
	}
	everlasting := &v1.Greeting{ObjectMeta: named("stays"), Spec: v1.GreetingSpec{Words: "hello", Tone: "everlasting"}}
	if err := user.Create(ctx, everlasting); err != nil {
		return err
	}
	if err := user.Delete(ctx, everlasting); !apierrors.IsForbidden(err) {
		return fmt.Errorf("an everlasting greeting is deleted: %v", err)
	}
	everlasting.Spec.Tone = "fleeting"
	return user.Update(ctx, everlasting)
}

// until asks again until it is so, and names what was waited for when it is not.
func until(ctx context.Context, what string, isSo func(context.Context) (bool, error)) error {
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, time.Minute, true, isSo)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
