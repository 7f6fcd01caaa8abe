// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	watchtools "k8s.io/client-go/tools/watch"
	"k8s.io/client-go/util/retry"
)

// watch follows one object from its creation to its deletion, from an old revision on.
func (w *walk) watch(ctx context.Context) error {
	maps := w.protobuf.CoreV1().ConfigMaps(namespace)
	before, err := maps.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, text := range []string{"one", "two"} {
		watched := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "watched"}, Data: map[string]string{"text": text}}
		if text == "one" {
			_, err = maps.Create(ctx, watched, metav1.CreateOptions{})
		} else {
			_, err = maps.Update(ctx, watched, metav1.UpdateOptions{})
		}
		if err != nil {
			return err
		}
	}
	if err := maps.Delete(ctx, "watched", metav1.DeleteOptions{}); err != nil {
		return err
	}
	list := &cache.ListWatch{WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
		options.FieldSelector = "metadata.name=watched"
		return maps.Watch(ctx, options)
	}}
	seen := ""
	_, err = watchtools.Until(ctx, before.ResourceVersion, list, func(event watch.Event) (bool, error) {
		seen += fmt.Sprintf("%s %s ", event.Type, event.Object.(*corev1.ConfigMap).Data["text"])
		return event.Type == watch.Deleted, nil
	})
	if err != nil {
		return err
	}
	return expect("events", seen, "ADDED one MODIFIED two DELETED two ")
}

// lead becomes the leader by a Lease and tells of it in an event.
func (w *walk) lead(ctx context.Context) error {
	lock, err := resourcelock.New(resourcelock.LeasesResourceLock, namespace, "walk",
		w.protobuf.CoreV1(), w.protobuf.CoordinationV1(), resourcelock.ResourceLockConfig{Identity: "walker"})
	if err != nil {
		return err
	}
	leading, resign := context.WithCancel(ctx)
	defer resign()
	led := false
	leaderelection.RunOrDie(leading, leaderelection.LeaderElectionConfig{
		Lock: lock, ReleaseOnCancel: true,
		LeaseDuration: 15 * time.Second, RenewDeadline: 10 * time.Second, RetryPeriod: time.Second,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { led = true; resign() },
			OnStoppedLeading: func() {},
		},
	})
	if err := expect("the leader", led, true); err != nil {
		return err
	}
	broadcaster := events.NewBroadcaster(&events.EventSinkImpl{Interface: w.protobuf.EventsV1()})
	defer broadcaster.Shutdown()
	if err := broadcaster.StartRecordingToSinkWithContext(ctx); err != nil {
		return err
	}
	settings, err := w.protobuf.CoreV1().ConfigMaps(namespace).Get(ctx, "settings", metav1.GetOptions{})
	if err != nil {
		return err
	}
	broadcaster.NewRecorder(scheme.Scheme, "walk").Eventf(settings, nil, corev1.EventTypeNormal, "Walked", "Walk", "by %s", "client-go")
	return until(ctx, "the event", func(ctx context.Context) (bool, error) {
		found, err := w.protobuf.EventsV1().Events(namespace).List(ctx, metav1.ListOptions{FieldSelector: "reason=Walked"})
		return err == nil && len(found.Items) == 1, err
	})
}

var (
	definitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	steps       = schema.GroupVersionResource{Group: "go.example.com", Version: "v1", Resource: "steps"}
)

func definition() *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1",
		"kind":       "CustomResourceDefinition",
		"metadata":   map[string]any{"name": "steps.go.example.com"},
		"spec": map[string]any{
			"group": "go.example.com",
			"scope": "Namespaced",
			"names": map[string]any{"plural": "steps", "singular": "step", "kind": "Step"},
			"versions": []any{map[string]any{
				"name": "v1", "served": true, "storage": true,
				"subresources": map[string]any{"status": map[string]any{}},
				"schema": map[string]any{"openAPIV3Schema": map[string]any{
					"type": "object",
					"properties": map[string]any{
						"spec": map[string]any{"type": "object", "properties": map[string]any{
							"length": map[string]any{"type": "integer", "maximum": int64(100), "default": int64(7)},
						}},
						"status": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true},
					},
				}},
			}},
		},
	}}
}

// customResource defines a kind and follows one object of it with a dynamic informer.
func (w *walk) customResource(ctx context.Context) error {
	if _, err := w.dynamic.Resource(definitions).Create(ctx, definition(), metav1.CreateOptions{}); err != nil {
		return err
	}
	step := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "go.example.com/v1", "kind": "Step",
		"metadata": map[string]any{"name": "first"}, "spec": map[string]any{},
	}}
	resource := w.dynamic.Resource(steps).Namespace(namespace)
	err := retry.OnError(retry.DefaultBackoff, func(error) bool { return true }, func() error {
		_, err := resource.Create(ctx, step, metav1.CreateOptions{})
		return err
	})
	if err != nil {
		return err
	}
	factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(w.dynamic, 0, namespace, nil)
	lister := factory.ForResource(steps).Lister()
	informing, stop := context.WithCancel(ctx)
	defer factory.Shutdown()
	defer stop()
	factory.Start(informing.Done())
	factory.WaitForCacheSync(ctx.Done())
	patch := []byte(`{"status":{"taken":true}}`)
	if _, err := resource.Patch(ctx, "first", "application/merge-patch+json", patch, metav1.PatchOptions{}, "status"); err != nil {
		return err
	}
	err = until(ctx, "the informer sees the status", func(context.Context) (bool, error) {
		object, err := lister.ByNamespace(namespace).Get("first")
		if err != nil {
			return false, err
		}
		now := object.(*unstructured.Unstructured).Object
		taken, _, _ := unstructured.NestedBool(now, "status", "taken")
		length, _, _ := unstructured.NestedInt64(now, "spec", "length")
		return taken && length == 7, nil
	})
	if err != nil {
		return err
	}
	step.Object["spec"] = map[string]any{"length": int64(101)}
	step.SetName("second")
	if _, err := resource.Create(ctx, step, metav1.CreateOptions{}); err == nil {
		return errors.New("a step that is too long was taken")
	}
	stop()
	factory.Shutdown()
	return w.dynamic.Resource(definitions).Delete(ctx, "steps.go.example.com", metav1.DeleteOptions{})
}
