// SPDX-License-Identifier: Apache-2.0

// An operator of controller-runtime with every kind of webhook, and a walk through what it does: operator KUBECONFIG
//
// Ends with "walked through", or with what was not as expected.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/webhook"

	v1 "havn.dev/clients/greeting/v1"
	"havn.dev/clients/greeting/v1alpha1"
)

const namespace = "walk-controller-runtime"

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: operator KUBECONFIG")
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	ctrl.SetLogger(logger())
	if err := run(ctx, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "operator:", err)
		os.Exit(1)
	}
	fmt.Println("walked through")
}

func logger() logr.Logger {
	return funcr.New(func(prefix, line string) { fmt.Println(prefix, line) }, funcr.Options{})
}

func run(ctx context.Context, kubeconfig string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return err
		}
	}
	direct, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return err
	}
	certificates, err := os.MkdirTemp("", "operator")
	if err != nil {
		return err
	}
	defer os.RemoveAll(certificates)
	port, err := freePort()
	if err != nil {
		return err
	}
	authority, err := issue(certificates)
	if err != nil {
		return err
	}
	if err := install(ctx, direct, "https://"+net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), authority); err != nil {
		return err
	}
	return operate(ctx, config, scheme, direct, webhook.Options{Host: "127.0.0.1", Port: port, CertDir: certificates})
}

// operate runs the operator for as long as the walk lasts.
func operate(ctx context.Context, config *rest.Config, scheme *runtime.Scheme, direct client.Client, options webhook.Options) error {
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                  scheme,
		Metrics:                 metricsserver.Options{BindAddress: "0"},
		WebhookServer:           webhook.NewServer(options),
		LeaderElection:          true,
		LeaderElectionID:        "greetings",
		LeaderElectionNamespace: namespace,
		Cache:                   cache.Options{DefaultNamespaces: map[string]cache.Config{namespace: {}}},
	})
	if err != nil {
		return err
	}
	greeter := &greeter{Client: manager.GetClient(), events: manager.GetEventRecorder("greeter")}
	err = ctrl.NewControllerManagedBy(manager).For(&v1.Greeting{}).Owns(&corev1.ConfigMap{}).Complete(greeter)
	if err != nil {
		return err
	}
	if err := ctrl.NewWebhookManagedBy(manager, &v1.Greeting{}).
		WithDefaulter(manners{}).WithValidator(manners{}).Complete(); err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- manager.Start(running) }()
	err = walk(ctx, manager.GetWebhookServer(), direct)
	stop()
	return errors.Join(err, <-ended, remove(ctx, direct))
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func key(name string) client.ObjectKey {
	return client.ObjectKey{Namespace: namespace, Name: name}
}

func named(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name}
}
