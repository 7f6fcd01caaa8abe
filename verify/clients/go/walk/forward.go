// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"k8s.io/apimachinery/pkg/util/httpstream"
	"k8s.io/client-go/tools/portforward"
)

// askForPage forwards a free port to a pod's 8080 and asks for its page there.
func askForPage(ctx context.Context, how string, dialer httpstream.Dialer) error {
	stop, ready := make(chan struct{}), make(chan struct{})
	forwarder, err := portforward.New(dialer, []string{"0:8080"}, stop, ready, io.Discard, io.Discard)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- forwarder.ForwardPorts() }()
	select {
	case <-ready:
	case err := <-ended:
		return fmt.Errorf("port-forward over %s: %w", how, err)
	case <-ctx.Done():
		return errors.New("port-forward over " + how + " never began")
	}
	defer close(stop)
	ports, err := forwarder.GetPorts()
	if err != nil {
		return err
	}
	answer, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/", ports[0].Local))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	page, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	return expect("the page over "+how, string(page), "web 1")
}
