// SPDX-License-Identifier: Apache-2.0

// Kubernetes' own mock driver of its end-to-end tests as a program of the machine, with the registration that
// node-driver-registrar would do for it.
package main

import (
	"context"
	"flag"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"

	"google.golang.org/grpc"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
	"k8s.io/kubernetes/test/e2e/storage/drivers/csi-test/driver"
	"k8s.io/kubernetes/test/e2e/storage/drivers/csi-test/mock/service"
)

type registrar struct {
	registration.UnimplementedRegistrationServer
	name     string
	endpoint string
}

func (r *registrar) GetInfo(context.Context, *registration.InfoRequest) (*registration.PluginInfo, error) {
	return &registration.PluginInfo{
		Type:              registration.CSIPlugin,
		Name:              r.name,
		Endpoint:          r.endpoint,
		SupportedVersions: []string{"1.0.0"},
	}, nil
}

func (r *registrar) NotifyRegistrationStatus(_ context.Context, status *registration.RegistrationStatus) (*registration.RegistrationStatusResponse, error) {
	log.Printf("registered %v %s", status.PluginRegistered, status.Error)
	return &registration.RegistrationStatusResponse{}, nil
}

// What is published is the store, mounted, not only a folder.
type mounts struct {
	service.OSDirIO
	store string
}

func (m mounts) Mkdir(path string) error {
	if err := m.OSDirIO.Mkdir(path); err != nil {
		return err
	}
	return syscall.Mount(m.store, path, "", syscall.MS_BIND, "")
}

func (m mounts) RemoveAll(path string) error {
	if err := syscall.Unmount(path, 0); err != nil && err != syscall.EINVAL && err != syscall.ENOENT {
		return err
	}
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}

func listen(path string) net.Listener {
	listener, err := net.Listen("unix", path)
	if err != nil {
		log.Fatal(err)
	}
	return listener
}

func main() {
	name := flag.String("name", "mock.example", "of the driver")
	endpoint := flag.String("endpoint", "", "socket of the driver")
	registry := flag.String("registration", "", "socket of its registration")
	store := flag.String("store", "", "folder that is mounted as each volume, or none")
	flag.Parse()
	config := service.Config{DriverName: *name, AttachLimit: 5, EnableTopology: true, DisableAttach: true, NodeExpansionRequired: true}
	if *store != "" {
		config.IO = mounts{store: *store}
	}
	mock := service.New(config)
	servers := &driver.CSIDriverServers{Controller: mock, Identity: mock, Node: mock}
	tell := func(ctx context.Context, request interface{}, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (interface{}, error) {
		response, err := handler(ctx, request)
		log.Printf("call %s %v", info.FullMethod, err)
		return response, err
	}
	if err := driver.NewCSIDriver(servers).Start(listen(*endpoint), tell); err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	registration.RegisterRegistrationServer(server, &registrar{name: *name, endpoint: *endpoint})
	go func() {
		if err := server.Serve(listen(*registry)); err != nil {
			log.Fatal(err)
		}
	}()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	<-stop
	server.Stop()
}
