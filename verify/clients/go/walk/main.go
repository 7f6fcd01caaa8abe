// SPDX-License-Identifier: Apache-2.0

// Walks through a cluster with client-go: walk KUBECONFIG containers|simulated
//
// Ends with "walked through", or with what was not as expected. What client-go itself complains of
// (klog's warnings and errors) counts as a failure.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

const namespace = "walk-client-go"

// patience bounds every wait for the cluster.
const patience = 60 * time.Second

// A walk is one cluster seen through each of client-go's clients.
type walk struct {
	config     *rest.Config
	protobuf   *kubernetes.Clientset
	json       *kubernetes.Clientset
	dynamic    *dynamic.DynamicClient
	discovery  *discovery.DiscoveryClient
	containers bool
}

func main() {
	complaints := &log{}
	klog.LogToStderr(false)
	klog.SetOutput(complaints)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	err := run(ctx)
	klog.Flush()
	if err == nil {
		err = complaints.asError()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "walk:", err)
		os.Exit(1)
	}
	fmt.Println("walked through")
}

func run(ctx context.Context) error {
	if len(os.Args) != 3 {
		return errors.New("usage: walk KUBECONFIG containers|simulated")
	}
	w, err := connect(os.Args[1], os.Args[2] == "containers")
	if err != nil {
		return err
	}
	steps := []struct {
		name string
		step func(context.Context) error
	}{
		{"discovery", w.discover},
		{"a namespace", w.createNamespace},
		{"writes", w.write},
		{"pages", w.page},
		{"a rollout seen by informers", w.rollOut},
		{"pods", w.pods},
		{"watches", w.watch},
		{"reviews and tokens", w.review},
		{"leader election and events", w.lead},
		{"a custom resource", w.customResource},
		{"the end of the namespace", w.deleteNamespace},
	}
	for _, each := range steps {
		began := time.Now()
		if err := each.step(ctx); err != nil {
			return fmt.Errorf("%s: %w", each.name, err)
		}
		fmt.Printf("%s: %d ms\n", each.name, time.Since(began).Milliseconds())
	}
	return nil
}

func connect(kubeconfig string, containers bool) (*walk, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = 200, 400
	w := &walk{config: config, containers: containers}
	asProtobuf := rest.CopyConfig(config)
	asProtobuf.ContentType = "application/vnd.kubernetes.protobuf"
	asProtobuf.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	if w.protobuf, err = kubernetes.NewForConfig(asProtobuf); err != nil {
		return nil, err
	}
	if w.json, err = kubernetes.NewForConfig(config); err != nil {
		return nil, err
	}
	if w.dynamic, err = dynamic.NewForConfig(config); err != nil {
		return nil, err
	}
	w.discovery, err = discovery.NewDiscoveryClientForConfig(config)
	return w, err
}

func (w *walk) createNamespace(ctx context.Context) error {
	_, err := w.protobuf.CoreV1().Namespaces().Create(ctx,
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	return err
}

// until asks again until it is so, and names what was waited for when it is not.
func until(ctx context.Context, what string, isSo func(context.Context) (bool, error)) error {
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, patience, true, isSo)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// expect tells of what is not as it should be.
func expect[T comparable](what string, actual, expected T) error {
	if actual != expected {
		return fmt.Errorf("%s: %v instead of %v", what, actual, expected)
	}
	return nil
}

// A log keeps what client-go complains of.
type log struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (l *log) Write(line []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.Write(line)
}

var complaint = regexp.MustCompile(`(?m)^[WE]\d{4} .*$`)

func (l *log) asError() error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for _, found := range complaint.FindAllString(l.text.String(), -1) {
		// Who resigns takes its own requests back.
		if strings.Contains(found, "context canceled") {
			continue
		}
		return fmt.Errorf("client-go complains: %q", found)
	}
	return nil
}
