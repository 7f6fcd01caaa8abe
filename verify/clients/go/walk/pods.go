// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/transport/spdy"
)

func (w *walk) rollOut(ctx context.Context) error {
	replicas := int32(3)
	web := map[string]string{"app": "web"}
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: web},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: web},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "example/web:1"}}},
			},
		},
	}
	factory := informers.NewSharedInformerFactoryWithOptions(w.protobuf, 0, informers.WithNamespace(namespace))
	pods := factory.Core().V1().Pods().Lister()
	deployments := factory.Apps().V1().Deployments().Lister()
	informing, stop := context.WithCancel(ctx)
	defer factory.Shutdown()
	defer stop()
	factory.Start(informing.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("the cache of %s never filled", kind)
		}
	}
	if _, err := w.protobuf.AppsV1().Deployments(namespace).Create(ctx, deployment, metav1.CreateOptions{}); err != nil {
		return err
	}
	err := until(ctx, "three pods are available", func(context.Context) (bool, error) {
		found, err := pods.Pods(namespace).List(labels.SelectorFromSet(web))
		if err != nil || len(found) != 3 {
			return false, err
		}
		now, err := deployments.Deployments(namespace).Get("web")
		return err == nil && now.Status.AvailableReplicas == 3, err
	})
	if err != nil {
		return err
	}
	return w.scale(ctx)
}

func (w *walk) scale(ctx context.Context) error {
	deployments := w.protobuf.AppsV1().Deployments(namespace)
	scale, err := deployments.GetScale(ctx, "web", metav1.GetOptions{})
	if err != nil {
		return err
	}
	scale.Spec.Replicas = 1
	if _, err := deployments.UpdateScale(ctx, "web", scale, metav1.UpdateOptions{}); err != nil {
		return err
	}
	return until(ctx, "one pod is left", func(ctx context.Context) (bool, error) {
		pods, err := w.protobuf.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: "app=web"})
		return err == nil && len(pods.Items) == 1, err
	})
}

// pods reads logs, runs a command and reaches a port, where pods are real.
func (w *walk) pods(ctx context.Context) error {
	list, err := w.protobuf.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: "app=web"})
	if err != nil {
		return err
	}
	pod := list.Items[0].Name
	if !w.containers {
		_, err := w.exec(ctx, pod, "hello")
		return err
	}
	lines, err := w.protobuf.CoreV1().Pods(namespace).GetLogs(pod, &corev1.PodLogOptions{}).DoRaw(ctx)
	if err != nil {
		return err
	}
	if !strings.Contains(string(lines), "web 1 starts") {
		return fmt.Errorf("the log says %q", lines)
	}
	told, err := w.exec(ctx, pod, "id")
	if err != nil {
		return err
	}
	if !strings.HasPrefix(told, "uid=0(root)") {
		return fmt.Errorf("id says %q", told)
	}
	return w.portForward(ctx, pod)
}

func (w *walk) podRequest(pod, subresource string) *rest.Request {
	return w.protobuf.CoreV1().RESTClient().Post().
		Resource("pods").Namespace(namespace).Name(pod).SubResource(subresource)
}

// exec runs a command once over WebSockets and once over SPDY, which must say the same.
func (w *walk) exec(ctx context.Context, pod string, command ...string) (string, error) {
	url := w.podRequest(pod, "exec").VersionedParams(
		&corev1.PodExecOptions{Command: command, Stdout: true, Stderr: true}, scheme.ParameterCodec).URL()
	websocket, err := remotecommand.NewWebSocketExecutor(w.config, http.MethodGet, url.String())
	if err != nil {
		return "", err
	}
	spdy, err := remotecommand.NewSPDYExecutor(w.config, http.MethodPost, url)
	if err != nil {
		return "", err
	}
	var said []string
	for _, executor := range []remotecommand.Executor{websocket, spdy} {
		var out, errors bytes.Buffer
		if err := executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: &out, Stderr: &errors}); err != nil {
			return "", fmt.Errorf("%v: %w", command, err)
		}
		said = append(said, out.String())
	}
	return said[0], expect("what a command says over SPDY", said[1], said[0])
}

// portForward asks for the page of a pod over WebSockets and over SPDY.
func (w *walk) portForward(ctx context.Context, pod string) error {
	url := w.podRequest(pod, "portforward").URL()
	transport, upgrader, err := spdy.RoundTripperFor(w.config)
	if err != nil {
		return err
	}
	overSpdy := spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, url)
	overWebSocket, err := portforward.NewSPDYOverWebsocketDialer(url, w.config)
	if err != nil {
		return err
	}
	if err := askForPage(ctx, "SPDY", overSpdy); err != nil {
		return err
	}
	return askForPage(ctx, "WebSocket", overWebSocket)
}
