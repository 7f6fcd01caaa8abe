// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.cri.CriClient;
import dev.havn.node.cri.CriException;
import dev.havn.node.kernel.Mounts;
import dev.havn.node.protocol.cri.Cri;
import dev.havn.node.runtime.ContainerRuntime.ContainerSpec;
import dev.havn.node.runtime.ContainerRuntime.PodPlace;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Makes and starts containers in the sandbox of their pod. One that cannot be started leaves
/// nothing.
record CriStarts(CriClient client, CriPods pods, CriFolders folders, CriConfigs configs) {
  /// @throws StartException in the kubelet's words
  void start(PodPlace place, ContainerSpec spec) {
    try {
      Cri.PodSandbox sandbox =
          pods.ready(place.uid())
              .orElseThrow(
                  () -> new StartException("CreateContainerError", "the pod has no sandbox", null));
      CriConfigs.ImageFacts image =
          CriImages.status(client, spec.image())
              .map(CriConfigs.ImageFacts::of)
              .orElseThrow(
                  () ->
                      new StartException(
                          "ErrImagePull", "image " + spec.image() + " is not loaded", null));
      Path home = Files.createDirectories(folders.home(place.uid(), spec.name(), spec.attempt()));
      try (SubPaths paths = SubPaths.hold(home, spec.mounts())) {
        var config =
            configs.container(
                place,
                spec,
                paths.bind(),
                image,
                target(place.uid(), spec.processesOf()),
                CriFolders.log(spec.name(), spec.attempt()));
        start(create(place, sandbox, config));
      } catch (IOException | RuntimeException e) {
        Mounts.detachBelow(home);
        folders.removeHome(home);
        throw e;
      }
    } catch (IOException | CriException e) {
      throw new StartException(
          "CreateContainerError", "container " + spec.name() + ": " + e.getMessage(), e);
    }
  }

  private String create(PodPlace place, Cri.PodSandbox sandbox, Cri.ContainerConfig config) {
    int attempt = sandbox.getMetadata().getAttempt();
    var request =
        Cri.CreateContainerRequest.newBuilder()
            .setPodSandboxId(sandbox.getId())
            .setSandboxConfig(configs.sandbox(place, attempt, folders.pod(place.uid())))
            .setConfig(config)
            .build();
    try {
      return client.ask(stub -> stub.createContainer(request)).getContainerId();
    } catch (CriException e) {
      throw new StartException("CreateContainerError", e.description(), e);
    }
  }

  private void start(String containerId) {
    var request = Cri.StartContainerRequest.newBuilder().setContainerId(containerId).build();
    try {
      var unused = client.ask(stub -> stub.startContainer(request));
    } catch (CriException e) {
      pods.removeContainer(containerId);
      throw new StartException("RunContainerError", e.description(), e);
    }
  }

  /// The id of the container whose processes another sees.
  private String target(String podUid, String name) {
    return name.isEmpty()
        ? ""
        : pods.containers(podUid).stream()
            .filter(each -> each.getMetadata().getName().equals(name))
            .filter(each -> each.getState() == Cri.ContainerState.CONTAINER_RUNNING)
            .map(Cri.Container::getId)
            .findFirst()
            .orElse("");
  }
}
