// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.image.TestImages;
import dev.havn.node.kernel.Cgroups;
import dev.havn.node.kernel.Links;
import dev.havn.node.kernel.Mounts;
import dev.havn.node.kernel.Processes;
import dev.havn.node.kernel.Program;
import dev.havn.node.runtime.ContainerRuntime.PodPlace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class RuncRuntimeTest extends ContainerRuntimeContract {
  @Override
  ContainerRuntime open() {
    return RuncRuntime.open(settings());
  }

  private RuncRuntime.Settings settings() {
    return settings("fd00:198:18:61::");
  }

  private RuncRuntime.Settings settings(String second) {
    return new RuncRuntime.Settings(
        folder.resolve("runtime"),
        id,
        "198.18.61",
        second,
        List.of("198.18.61.0/24", "fd00:198:18:61::/64"),
        "198.18.62.1",
        images,
        CLOCK,
        executor);
  }

  @Override
  String missing() {
    if (!"root".equals(System.getProperty("user.name"))) {
      return "needs root";
    }
    List<String> programs = Program.missing(RuncRuntime.PROGRAMS);
    return programs.isEmpty() ? TestImages.missing() : "needs " + programs;
  }

  /// A half-closed connection holds a namespace for minutes, and so does a process that is slow to
  /// end; the link's name and the pod's address are another pod's next.
  @Test
  void aPodsLinkGoesThoughItsNamespaceIsHeld() throws Exception {
    PodPlace pod = pods.place();
    runtime.ensurePod(pod);
    String namespace = namespaces().getFirst();
    Process holder =
        new ProcessBuilder("nsenter", "--net=/run/netns/" + namespace, "sh", "-c", "echo in; cat")
            .start();
    try {
      assertThat(holder.inputReader().readLine()).isEqualTo("in");
      runtime.removePod(pod.uid());
      assertThat(Links.names())
          .contains("hv" + id)
          .noneMatch(each -> each.startsWith("hv" + id + "0"));
      assertThat(namespaces()).isEmpty();
    } finally {
      holder.destroyForcibly().waitFor();
    }
  }

  @Test
  void anAddressThatBecameFreeRests() {
    PodPlace first = pods.place();
    String address = runtime.ensurePod(first);
    runtime.removePod(first.uid());
    assertThat(runtime.ensurePod(pods.place())).isNotEqualTo(address);
  }

  @Test
  void aPodHasAnAddressOfEachFamilyAtOnce() throws IOException {
    PodPlace pod = pods.place();
    String address = runtime.ensurePod(pod);
    String second =
        "fd00:198:18:61::"
            + Integer.toHexString(
                Integer.parseInt(address.substring(address.lastIndexOf('.') + 1)));
    assertThat(Program.must(List.of("ip", "-n", namespaces().getFirst(), "-6", "address")))
        .contains(second + "/128")
        .doesNotContain(second + "/128 scope global tentative");
    assertThat(Program.must(List.of("ip", "-n", namespaces().getFirst(), "-6", "route")))
        .contains("default via fd00:198:18:61::1 dev eth0");
    assertThat(Program.must(List.of("ip", "-6", "route", "get", second))).contains("dev hv" + id);
    assertThat(Program.run(List.of("ip", "-6", "route", "get", "fd00:198:18:62::1")).output())
        .doesNotContain("dev hv" + id);
  }

  @Test
  void nobodyIsBelievedWhoSaysWhereRoutersAre() throws IOException {
    runtime.ensurePod(pods.place());
    for (String setting : List.of("accept_ra", "autoconf", "accept_redirects")) {
      assertThat(sysctl("hv" + id, setting)).as(setting).isEqualTo("0");
      assertThat(inPod("cat /proc/sys/net/ipv6/conf/eth0/" + setting)).as(setting).isEqualTo("0");
    }
    assertThat(inPod("cat /proc/sys/net/ipv6/conf/eth0/disable_ipv6")).isEqualTo("0");
  }

  @Test
  void withoutASecondFamilyNobodySpeaksItButToItself() throws IOException {
    runtime.removeAll();
    runtime.close();
    runtime = RuncRuntime.open(settings(""));
    runtime.ensurePod(pods.place());
    for (String link : Links.names()) {
      if (link.startsWith("hv" + id)) {
        assertThat(sysctl(link, "disable_ipv6")).as(link).isEqualTo("1");
        assertThat(sysctl(link, "accept_ra")).as(link).isEqualTo("0");
      }
    }
    assertThat(inPod("ip -6 address")).contains("::1/128").doesNotContain("fe80:");
    assertThat(inPod("cat /proc/sys/net/ipv6/conf/eth0/accept_ra")).isEqualTo("0");
    assertThat(
            inPod(
                "ip link add other type veth peer name end && ip link set end up && ip link set other up && ip -6 address"))
        .doesNotContain("fe80:");
    Program.must(List.of("sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/hv" + id + "/disable_ipv6"));
    runtime.close();
    runtime = RuncRuntime.open(settings(""));
    assertThat(sysctl("hv" + id, "disable_ipv6")).as("of an older Havn").isEqualTo("1");
  }

  private static String sysctl(String link, String name) throws IOException {
    return Files.readString(Path.of("/proc/sys/net/ipv6/conf", link, name)).strip();
  }

  private String inPod(String shell) throws IOException {
    return Program.must(List.of("ip", "netns", "exec", namespaces().getFirst(), "sh", "-c", shell));
  }

  @Test
  void theContainersOfAPodAreBoundedTogether() throws IOException {
    PodPlace free = pods.place();
    PodPlace pod =
        new PodPlace(
            free.uid(),
            free.namespace(),
            free.name(),
            free.hostName(),
            free.sharing(),
            free.sysctls(),
            false,
            new ContainerRuntime.Resources(2, 0, 32 << 20));
    runtime.ensurePod(pod);
    String shell = "cat /dev/zero | head -c 60000000 | tail -n 1 | wc -c";
    ContainerRuntime.Container container = start(pod, pods.spec("main").shell(shell));
    awaitEnd(pod, container);
    assertThat(log(container)).doesNotContain("60000000");
  }

  @Test
  void aContainerGetsWhatSpecificationsOfItsDevicesSay() throws IOException {
    Path specifications = Files.createDirectories(Path.of("/var/run/cdi"));
    Path file = specifications.resolve("havn-" + id + ".json");
    Path noted = folder.resolve("noted");
    Files.writeString(
        file,
        """
        {"cdiVersion": "0.6.0", "kind": "havn-%s.example/card",
         "devices": [{"name": "one", "containerEdits": {
           "env": ["CARD=one"],
           "deviceNodes": [{"path": "/dev/card", "hostPath": "/dev/full"}],
           "mounts": [{"hostPath": "/usr", "containerPath": "/card", "options": ["ro", "rbind"]}],
           "hooks": [{"hookName": "createRuntime", "path": "/usr/bin/touch",
                      "args": ["touch", "%s"]}]}}]}
        """
            .formatted(id, noted));
    try {
      PodPlace pod = pods.place();
      ContainerRuntime.Container container =
          start(
              pod,
              pods.spec("main")
                  .cdiDevice("havn-" + id + ".example/card=one")
                  .shell("[ $CARD = one ] && [ -c /dev/card ] && [ -d /card/bin ]"));
      assertThat(awaitEnd(pod, container).exitCode()).as(log(container)).isZero();
      assertThat(noted).exists();
    } finally {
      Files.delete(file);
    }
  }

  private List<String> namespaces() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("/run/netns"))) {
      return files
          .map(each -> each.getFileName().toString())
          .filter(each -> each.startsWith("hv" + id + "-"))
          .toList();
    }
  }

  @Override
  List<String> leftOutside() throws IOException {
    List<String> left = new ArrayList<>();
    Mounts.below(folder).forEach(each -> left.add("mount " + each));
    Processes.startedWith(folder.toString()).forEach(each -> left.add("process " + each));
    Links.names().stream().filter(each -> each.contains(id.toString())).forEach(left::add);
    Cgroups.below("havn-" + id).forEach(each -> left.add("cgroup " + each));
    for (Path run : List.of(Path.of("/run"), Path.of("/run/netns"))) {
      try (Stream<Path> files = Files.list(run)) {
        files.map(Path::toString).filter(each -> each.contains(id.toString())).forEach(left::add);
      }
    }
    String routes = Program.must(List.of("ip", "route", "show", "metric", "" + id.metric()));
    routes.lines().map(each -> "route " + each).forEach(left::add);
    return left;
  }
}
