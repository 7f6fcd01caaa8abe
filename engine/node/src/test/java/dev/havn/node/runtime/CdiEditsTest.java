// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.runtime.ContainerRuntime.Access;
import dev.havn.node.runtime.ContainerRuntime.Additions;
import dev.havn.node.runtime.ContainerRuntime.ContainerSpec;
import dev.havn.node.runtime.ContainerRuntime.Device;
import dev.havn.node.runtime.ContainerRuntime.DeviceNode;
import dev.havn.node.runtime.ContainerRuntime.Hook;
import dev.havn.node.runtime.ContainerRuntime.Mount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CdiEditsTest {
  @TempDir private Path folder;

  private void file(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private ContainerSpec apply(String... names) {
    ContainerSpec spec =
        new TestPods().spec("main").environment("CARD", "pod").environment("OWN", "pod").get();
    ContainerSpec asking =
        spec.with(
            spec.environment(),
            List.of(new Mount(Path.of("/pods"), "/lib/card", false)),
            spec.devices(),
            spec.security(),
            new Additions(List.of(names), Map.of("k", "v"), List.of()));
    return CdiEdits.apply(
        asking, new CdiSpecifications(List.of(folder.resolve("etc"), folder.resolve("run"))));
  }

  private static String specification(String kind, String name, String edits) {
    return "{\"cdiVersion\": \"0.6.0\", \"kind\": \"%s\", \"devices\": [{\"name\": \"%s\", \"containerEdits\": %s}]}"
        .formatted(kind, name, edits);
  }

  private void refused(String message, String... names) {
    assertThatThrownBy(() -> apply(names)).hasMessage("CDI device injection failed: " + message);
  }

  @Test
  void aDeviceBringsWhatItsFileSays() throws IOException {
    file(
        "etc/card.yaml",
        """
        cdiVersion: 0.7.0
        kind: example.com/card
        containerEdits:
          env: [ALL=yes]
        devices:
        - name: one
          containerEdits:
            env: [CARD=one, "EMPTY="]
            deviceNodes:
            - {path: /dev/card0, hostPath: /dev/zero, permissions: r, fileMode: 420, uid: 5}
            - {path: /dev/null}
            mounts:
            - {hostPath: /usr, containerPath: /lib/card, options: [ro, nosuid, rbind, rslave]}
            hooks:
            - {hookName: createContainer, path: /bin/true, args: [true, it], timeout: 5}
            additionalGids: [44, 0]
        - name: two
        """);
    ContainerSpec spec = apply("example.com/card=one", "example.com/card=two");
    assertThat(spec.environment())
        .isEqualTo(Map.of("ALL", "yes", "CARD", "one", "EMPTY", "", "OWN", "pod"));
    assertThat(spec.mounts())
        .containsExactly(
            new Mount(Path.of("/usr"), "", "/lib/card", Access.READ, "rslave", List.of("nosuid")));
    assertThat(spec.devices())
        .containsExactly(
            new Device(
                Path.of("/dev/zero"),
                "/dev/card0",
                "r",
                new DeviceNode(null, null, null, 0644, 5L, null, true)),
            new Device(
                Path.of("/dev/null"),
                "/dev/null",
                "rwm",
                new DeviceNode(null, null, null, null, null, null, true)));
    assertThat(spec.additions().hooks())
        .containsExactly(
            new Hook("createContainer", "/bin/true", List.of("true", "it"), List.of(), 5));
    assertThat(spec.security().supplementalGroups()).containsExactly(44L);
    assertThat(spec.additions().annotations()).containsEntry("k", "v");
  }

  @Test
  void aLaterFolderHidesAnEarlierAndTwoFilesOfOneHideEachOther() throws IOException {
    file("etc/a.json", specification("example.com/card", "one", "{\"env\": [\"FROM=etc\"]}"));
    file("run/a.json", specification("example.com/card", "one", "{\"env\": [\"FROM=run\"]}"));
    assertThat(apply("example.com/card=one").environment()).containsEntry("FROM", "run");
    file("run/b.json", specification("example.com/card", "one", "{\"env\": [\"FROM=b\"]}"));
    refused("unresolvable CDI devices example.com/card=one", "example.com/card=one");
  }

  @Test
  void aFileThatIsWrongCountsForNothing() throws IOException {
    file("run/good.json", specification("example.com/card", "one", "{}"));
    file("run/torn.json", "{\"cdiVersion\"");
    file("run/late.json", specification("example.com/card", "two", "{}").replace("0.6.0", "9.0.0"));
    file("run/name.yaml", "{cdiVersion: 0.6.0, kind: nothing, devices: [{name: three}]}");
    file("run/text.yml", "- a: [");
    file("run/other.txt", specification("example.com/card", "four", "{}"));
    assertThat(apply("example.com/card=one").additions().cdiDevices()).hasSize(1);
    refused(
        "unresolvable CDI devices example.com/card=two, example.com/card=four",
        "example.com/card=one",
        "example.com/card=two",
        "example.com/card=four");
  }

  @Test
  void whatTheRuntimeDoesNotDoIsSaid() throws IOException {
    file("run/a.json", specification("a.example/card", "one", "{\"intelRdt\": {}}"));
    refused("containerEdits.intelRdt is not supported", "a.example/card=one");
    file(
        "run/b.json",
        specification(
            "b.example/card",
            "one",
            "{\"mounts\": [{\"type\": \"tmpfs\", \"hostPath\": \"/a\", \"containerPath\": \"/b\"}]}"));
    refused("a mount of type tmpfs is not supported, bind is", "b.example/card=one");
    file(
        "run/c.json",
        specification("c.example/card", "one", "{\"hooks\": [{\"hookName\": \"never\"}]}"));
    refused("there is no moment never for a hook", "c.example/card=one");
    file("run/d.json", specification("d.example/card", "one", "{\"deviceNodes\": [{}]}"));
    refused("{} has no path", "d.example/card=one");
  }
}
