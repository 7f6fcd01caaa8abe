// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.kernel.Cgroups.Abilities;
import dev.havn.node.protocol.cri.Cri;
import dev.havn.node.runtime.ContainerRuntime.Access;
import dev.havn.node.runtime.ContainerRuntime.Additions;
import dev.havn.node.runtime.ContainerRuntime.ContainerSpec;
import dev.havn.node.runtime.ContainerRuntime.Mount;
import dev.havn.node.runtime.ContainerRuntime.PodPlace;
import dev.havn.node.runtime.ContainerRuntime.Resources;
import dev.havn.node.runtime.ContainerRuntime.Security;
import dev.havn.node.runtime.ContainerRuntime.Sharing;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import dev.havn.node.runtime.ContainerRuntime.Terminal;
import dev.havn.node.runtime.CriConfigs.ImageFacts;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CriConfigsTest {
  private static final ImageFacts IMAGE = new ImageFacts("sha256:1", "");
  private static final Security PLAIN =
      new Security(
          "",
          null,
          List.of(),
          true,
          false,
          false,
          false,
          true,
          List.of(),
          List.of(),
          "RuntimeDefault",
          true);

  private final CriConfigs configs = new CriConfigs("0123456700", "havn-0123456700");

  private static PodPlace place(Sharing sharing) {
    return new PodPlace(
        "uid",
        "default",
        "web",
        "web",
        sharing,
        Map.of("net.ipv4.ip_local_port_range", "1024 2000"),
        true,
        Resources.NONE);
  }

  private static ContainerSpec spec(Security security, Resources resources, Mount... mounts) {
    return new ContainerSpec(
        "c",
        2,
        "busybox",
        List.of("sh"),
        List.of("-c", "true"),
        Map.of("A", "b"),
        "/w",
        List.of(mounts),
        List.of(),
        security,
        resources,
        new Terminal(true, true, true),
        "",
        new Additions(List.of(), Map.of("vendor.test/note", "on"), List.of()));
  }

  private Cri.ContainerConfig container(ContainerSpec spec, ImageFacts image) {
    PodPlace place = place(new Sharing(false, false, false, false, false));
    return configs.container(place, spec, spec.mounts(), image, "", "c-2/log");
  }

  @Test
  void aSandboxIsMadeByTheHandlerOfThePodsClass() {
    PodPlace usual = place(new Sharing(false, false, false, false, false));
    PodPlace guarded = TestPods.with(usual, usual.wishes(), () -> "kata");
    Path logs = Path.of("/logs");
    assertThat(configs.request(usual, 0, logs).getRuntimeHandler()).isEmpty();
    assertThat(configs.request(guarded, 0, logs).getRuntimeHandler()).isEqualTo("kata");
    assertThat(configs.request(guarded, 0, logs).getConfig().getMetadata().getName())
        .isEqualTo("web");
  }

  @Test
  void aSandboxHasWhatThePodAsksFor() {
    Cri.PodSandboxConfig own =
        configs.sandbox(place(new Sharing(false, false, false, true, false)), 3, Path.of("/logs"));
    assertThat(own.getMetadata().getAttempt()).isEqualTo(3);
    assertThat(own.getHostname()).isEqualTo("web");
    assertThat(own.getLabelsMap())
        .containsEntry("dev.havn.node", "0123456700")
        .containsEntry("io.kubernetes.pod.uid", "uid");
    assertThat(own.getLinux().getCgroupParent()).isEqualTo("/havn-0123456700/uid");
    assertThat(own.getLinux().getSysctlsMap()).containsKey("net.ipv4.ip_local_port_range");
    var security = own.getLinux().getSecurityContext();
    assertThat(security.getPrivileged()).isTrue();
    assertThat(security.getNamespaceOptions().getNetwork()).isEqualTo(Cri.NamespaceMode.POD);
    assertThat(security.getNamespaceOptions().getPid()).isEqualTo(Cri.NamespaceMode.POD);
    var hosts =
        configs.sandbox(place(new Sharing(true, true, true, false, false)), 0, Path.of("/logs"));
    assertThat(hosts.getHostname()).isEmpty();
    var options = hosts.getLinux().getSecurityContext().getNamespaceOptions();
    assertThat(List.of(options.getNetwork(), options.getPid(), options.getIpc()))
        .containsOnly(Cri.NamespaceMode.NODE);
  }

  @Test
  void systemdNamesItsGroupsItself() {
    CriConfigs bare = new CriConfigs("0123456700", "");
    var config =
        bare.sandbox(place(new Sharing(false, false, false, false, false)), 0, Path.of("/l"));
    assertThat(config.getLinux().getCgroupParent()).isEmpty();
  }

  @Test
  void oneThatLooksAtAnothersProcessesNamesIt() {
    PodPlace place = place(new Sharing(false, false, false, false, false));
    ContainerSpec spec = spec(PLAIN, Resources.NONE);
    var options =
        configs
            .container(place, spec, List.of(), IMAGE, "other", "log")
            .getLinux()
            .getSecurityContext()
            .getNamespaceOptions();
    assertThat(options.getPid()).isEqualTo(Cri.NamespaceMode.TARGET);
    assertThat(options.getTargetId()).isEqualTo("other");
  }

  @Test
  void mountsKeepTheirAccessAndWhatIsSharedOfThem() {
    Cri.ContainerConfig config =
        container(
            spec(
                PLAIN,
                Resources.NONE,
                new Mount(Path.of("/a"), "", "/x", Access.WRITE, "rshared"),
                new Mount(Path.of("/b"), "", "/y", Access.READ, "rslave"),
                new Mount(Path.of("/c"), "", "/z", Access.READ_ALL, "rprivate")),
            IMAGE);
    assertThat(config.getAnnotationsMap())
        .containsEntry("vendor.test/note", "on")
        .containsEntry("dev.havn.image", "busybox");
    assertThat(config.getMountsList())
        .extracting(
            Cri.Mount::getHostPath,
            Cri.Mount::getContainerPath,
            Cri.Mount::getReadonly,
            Cri.Mount::getRecursiveReadOnly,
            Cri.Mount::getPropagation)
        .containsExactly(
            tuple("/a", "/x", false, false, Cri.MountPropagation.PROPAGATION_BIDIRECTIONAL),
            tuple("/b", "/y", true, false, Cri.MountPropagation.PROPAGATION_HOST_TO_CONTAINER),
            tuple("/c", "/z", true, true, Cri.MountPropagation.PROPAGATION_PRIVATE));
  }

  private static org.assertj.core.groups.Tuple tuple(Object... parts) {
    return org.assertj.core.groups.Tuple.tuple(parts);
  }

  @Test
  void theImagesUserIsNamedSoThatAGroupMayBe() {
    Security grouped =
        new Security(
            "",
            7L,
            List.of(8L),
            false,
            false,
            false,
            true,
            false,
            List.of("NET_ADMIN"),
            List.of("ALL"),
            "/profiles/p.json",
            false);
    var security =
        container(spec(grouped, Resources.NONE), new ImageFacts("sha256:1", "1000"))
            .getLinux()
            .getSecurityContext();
    assertThat(security.getRunAsUser().getValue()).isEqualTo(1000);
    assertThat(security.getRunAsGroup().getValue()).isEqualTo(7);
    assertThat(security.getSupplementalGroupsList()).containsExactly(8L);
    assertThat(security.getSupplementalGroupsPolicy())
        .isEqualTo(Cri.SupplementalGroupsPolicy.Strict);
    assertThat(security.getNoNewPrivs()).isTrue();
    assertThat(security.getReadonlyRootfs()).isTrue();
    assertThat(security.getMaskedPathsList()).isEmpty();
    assertThat(security.getSeccomp().getLocalhostRef()).isEqualTo("/profiles/p.json");
    assertThat(security.getCapabilities().getDropCapabilitiesList()).containsExactly("ALL");
    assertThat(
            container(spec(PLAIN, Resources.NONE), new ImageFacts("sha256:1", "web"))
                .getLinux()
                .getSecurityContext()
                .getRunAsUsername())
        .isEqualTo("web");
  }

  @Test
  void anImageOfRootIsRefusedWhereNoneMayBe() {
    Security notRoot =
        new Security(
            "",
            null,
            List.of(),
            true,
            true,
            false,
            false,
            true,
            List.of(),
            List.of(),
            "Unconfined",
            true);
    for (String user : List.of("", "0")) {
      assertThatThrownBy(
              () -> container(spec(notRoot, Resources.NONE), new ImageFacts("sha256:1", user)))
          .isInstanceOf(StartException.class)
          .hasMessage("container has runAsNonRoot and image will run as root (container: c)");
    }
    assertThatThrownBy(
            () -> container(spec(notRoot, Resources.NONE), new ImageFacts("sha256:1", "web")))
        .hasMessage(
            "container has runAsNonRoot and image has non-numeric user (web), cannot verify user is non-root (container: c)");
  }

  @Test
  void boundsAreToldAndAQuotaThatGoesIsTakenBack() {
    Resources bounds = new Resources(512, 50_000, 64 << 20, 300);
    Cri.LinuxContainerResources first =
        container(spec(PLAIN, bounds), IMAGE).getLinux().getResources();
    assertThat(first.getCpuShares()).isEqualTo(512);
    assertThat(first.getCpuQuota()).isEqualTo(50_000);
    assertThat(first.getCpuPeriod()).isEqualTo(100_000);
    assertThat(first.getMemoryLimitInBytes()).isEqualTo(64 << 20);
    assertThat(first.getOomScoreAdj()).isEqualTo(300);
    assertThat(memory(false, true).getMemorySwapLimitInBytes()).isEqualTo(64 << 20);
    assertThat(memory(false, false).getMemorySwapLimitInBytes()).isZero();
    assertThat(memory(true, true).getUnifiedMap())
        .isEqualTo(Map.of("memory.oom.group", "1", "memory.swap.max", "0"));
    assertThat(memory(true, false).getUnifiedMap()).isEqualTo(Map.of("memory.oom.group", "1"));
    assertThat(CriConfigs.update(new Resources(512, 0, 64 << 20)).getCpuQuota()).isEqualTo(-1);
  }

  private static Cri.LinuxContainerResources memory(boolean unified, boolean swap) {
    var resources = Cri.LinuxContainerResources.newBuilder();
    CriConfigs.memory(64 << 20, new Abilities(unified, swap), resources);
    return resources.build();
  }
}
