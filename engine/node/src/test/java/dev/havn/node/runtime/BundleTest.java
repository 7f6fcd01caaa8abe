// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.image.ImageStore.Image;
import dev.havn.node.kernel.Cgroups.Abilities;
import dev.havn.node.runtime.ContainerRuntime.Additions;
import dev.havn.node.runtime.ContainerRuntime.ContainerSpec;
import dev.havn.node.runtime.ContainerRuntime.Mount;
import dev.havn.node.runtime.ContainerRuntime.Resources;
import dev.havn.node.runtime.ContainerRuntime.Security;
import dev.havn.node.runtime.ContainerRuntime.Terminal;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Bundles beside golden files in `bundle/`: whole ones for both versions of cgroups, and what
/// single fields of a security context change in them.
class BundleTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path rootfs;

  @BeforeEach
  void accounts() throws IOException {
    Files.createDirectories(rootfs.resolve("etc"));
    Files.writeString(rootfs.resolve("etc/passwd"), "root:x:0:0::/:\nweb:x:1000:1000::/home:\n");
    Files.writeString(rootfs.resolve("etc/group"), "web:x:1000:\nextra:x:2000:web\n");
  }

  private JsonNode bundle(Security security, boolean unified) throws IOException {
    return bundle(security, unified, 0);
  }

  private JsonNode bundle(Security security, boolean unified, long firstUser) throws IOException {
    return bundle(security, unified, firstUser, new Mount(Path.of("/volumes/data"), "/data", true));
  }

  private JsonNode bundle(Security security, boolean unified, long firstUser, Mount... mounts)
      throws IOException {
    ContainerSpec spec =
        new ContainerSpec(
            "main",
            2,
            "example.test/it:1",
            List.of(),
            List.of("--verbose"),
            Map.of("MODE", "test"),
            "",
            List.of(mounts),
            List.of(),
            security,
            new Resources(512, 50_000, 64 << 20),
            Terminal.NONE,
            "",
            Additions.NONE);
    JsonNode config =
        JSON.readTree(
            "{\"Entrypoint\":[\"/bin/it\"],\"Cmd\":[\"ignored\"],\"Env\":[\"FROM=image\"],\"WorkingDir\":\"/srv\",\"User\":\"web\"}");
    Map<String, String> namespaces = new LinkedHashMap<>();
    namespaces.put("pid", "");
    namespaces.put("ipc", "/run/ipc");
    namespaces.put("uts", "/run/uts");
    namespaces.put("network", "/run/netns/pod");
    Path processors = rootfs.resolve("processors");
    Files.createDirectories(processors.resolve("cpu0/thermal_throttle"));
    Files.createDirectories(processors.resolve("cpufreq"));
    Bundle.Place place =
        new Bundle.Place(
            Path.of("/rootfs"),
            "host",
            namespaces,
            firstUser,
            Map.of(),
            "/havn-x/pod/main-2",
            new Abilities(unified, true),
            processors);
    Image image = new Image("example.test/it:1", "sha256:0", rootfs, config);
    return JSON.readTree(new Bundle(spec, image, place).json().toString());
  }

  @Test
  void idsAreThoseOfThePod() throws IOException {
    JsonNode linux = bundle(security(false, List.of(), List.of()), false, 131_072).path("linux");
    for (String kind : List.of("uidMappings", "gidMappings")) {
      assertThat(linux.path(kind).toString())
          .isEqualTo("[{\"containerID\":0,\"hostID\":131072,\"size\":65536}]");
    }
  }

  private static Security security(boolean privileged, List<String> add, List<String> drop) {
    return new Security(
        "",
        null,
        List.of(3000L),
        true,
        false,
        privileged,
        true,
        false,
        add,
        drop,
        "Unconfined",
        true);
  }

  private static JsonNode golden(String name) throws IOException {
    try (InputStream in = BundleTest.class.getResourceAsStream("bundle/" + name)) {
      return JSON.readTree(in);
    }
  }

  /// What a container may be given depends on what the test has been given itself.
  private JsonNode withoutCapabilities(JsonNode bundle) {
    ArrayNode masked = (ArrayNode) bundle.at("/linux/maskedPaths");
    assertThat(masked.remove(masked.size() - 1).asText())
        .isEqualTo(rootfs.resolve("processors/cpu0/thermal_throttle").toString());
    ((ObjectNode) bundle.path("process")).remove("capabilities");
    return bundle;
  }

  @Test
  void aBundleForCgroupsOfVersionOne() throws IOException {
    JsonNode bundle = bundle(security(false, List.of(), List.of()), false);
    assertThat(withoutCapabilities(bundle)).isEqualTo(golden("cgroup-v1.json"));
  }

  @Test
  void aBundleForCgroupsOfVersionTwo() throws IOException {
    JsonNode bundle = bundle(security(false, List.of(), List.of()), true);
    assertThat(withoutCapabilities(bundle)).isEqualTo(golden("cgroup-v2.json"));
  }

  private List<String> bounding(List<String> add, List<String> drop) throws IOException {
    return bounding(security(false, add, drop));
  }

  private List<String> bounding(Security security) throws IOException {
    List<String> names = new ArrayList<>();
    bundle(security, false)
        .at("/process/capabilities/bounding")
        .forEach(each -> names.add(each.asText()));
    return names;
  }

  @Test
  void capabilitiesAreAddedThenDroppedWhateverTheirCase() throws IOException {
    assertThat(bounding(List.of(), List.of("all"))).isEmpty();
    assertThat(bounding(List.of("chown"), List.of("ALL"))).isEqualTo(given("CAP_CHOWN"));
    assertThat(bounding(List.of(), List.of("kill", "CAP_CHOWN")))
        .doesNotContain("CAP_KILL", "CAP_CHOWN");
    assertThat(bounding(List.of(), List.of())).doesNotContain("CAP_SYS_ADMIN", "CAP_NET_ADMIN");
    for (String each : List.of("net_admin", "CAP_NET_ADMIN")) {
      assertThat(bounding(List.of(each), List.of())).containsAll(given("CAP_NET_ADMIN"));
    }
    List<String> most = new ArrayList<>(Accounts.allCapabilities());
    most.remove("CAP_SYS_ADMIN");
    assertThat(bounding(List.of("ALL"), List.of("SYS_ADMIN")))
        .containsExactlyInAnyOrderElementsOf(most);
    assertThat(bounding(List.of("All", "CHOWN"), List.of("All"))).isEqualTo(given("CAP_CHOWN"));
  }

  /// What there is of a capability here: nobody gives what he has not.
  private static List<String> given(String capability) {
    return Accounts.allCapabilities().stream().filter(capability::equals).toList();
  }

  @Test
  void whatAPrivilegedContainerDropsItHas() throws IOException {
    assertThat(bounding(security(true, List.of(), List.of("ALL"))))
        .isEqualTo(Accounts.allCapabilities());
  }

  @Test
  void aPrivilegedContainerSeesAndMayDoEverything() throws IOException {
    JsonNode bundle = bundle(security(true, List.of(), List.of()), false);
    assertThat(bundle.at("/linux/maskedPaths").isMissingNode()).isTrue();
    assertThat(bundle.at("/linux/seccomp").isMissingNode()).isTrue();
    assertThat(bundle.at("/linux/resources/devices/0/allow").asBoolean()).isTrue();
    assertThat(bundle.at("/process/capabilities/bounding"))
        .hasSize(Accounts.allCapabilities().size());
  }

  @Test
  void aPrivilegedContainerHasTheMachinesDevicesButTerminals() throws IOException {
    JsonNode linux = bundle(security(true, List.of(), List.of()), false).path("linux");
    List<String> paths = new ArrayList<>();
    linux.path("devices").forEach(each -> paths.add(each.path("path").asText()));
    assertThat(paths)
        .contains("/dev/null", "/dev/zero")
        .doesNotContain("/dev/console")
        .doesNotHaveDuplicates()
        .noneMatch(each -> each.matches("/dev/(pts|shm|mqueue|fd)/.*"));
    assertThat(linux.path("resources").path("devices")).hasSize(1);
  }

  @Test
  void onlyWhoIsPrivilegedSeesTheGroupsOfTheMachine() throws IOException {
    for (boolean privileged : List.of(true, false)) {
      JsonNode namespaces =
          bundle(security(privileged, List.of(), List.of()), true).at("/linux/namespaces");
      assertThat(namespaces.toString().contains("cgroup")).isEqualTo(!privileged);
    }
  }

  private List<String> targets(String... volumes) throws IOException {
    Mount[] mounts =
        Stream.of(volumes)
            .map(each -> new Mount(Path.of("/volumes"), each, false))
            .toArray(Mount[]::new);
    List<String> targets = new ArrayList<>();
    bundle(security(false, List.of(), List.of()), false, 0, mounts)
        .path("mounts")
        .forEach(each -> targets.add(each.path("destination").asText()));
    return targets;
  }

  @Test
  void whatLiesInAnotherVolumeIsMountedAfterIt() throws IOException {
    assertThat(targets("/etc/hosts", "/data/deep/in", "/data/b", "/etc/", "/data/a", "/data"))
        .endsWith("/etc/", "/data", "/etc/hosts", "/data/b", "/data/a", "/data/deep/in");
  }

  @Test
  void whatAVolumeIsMountedOverIsLeftOut() throws IOException {
    assertThat(targets("/dev/mqueue/", "/sys"))
        .containsExactly("/proc", "/dev", "/dev/pts", "/sys/fs/cgroup", "/sys", "/dev/mqueue/");
    assertThat(targets("/dev/termination-log", "/dev"))
        .containsExactly("/proc", "/sys", "/sys/fs/cgroup", "/dev", "/dev/termination-log");
  }

  @Test
  void theDefaultSeccompProfileLetsNobodyMakeNamespaces() throws IOException {
    Security confined =
        new Security(
            "0",
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
    JsonNode profile = bundle(confined, false).at("/linux/seccomp");
    assertThat(profile.path("defaultAction").asText()).isEqualTo("SCMP_ACT_ERRNO");
    String always = profile.path("syscalls").path(0).path("names").toString();
    assertThat(always)
        .contains("\"read\"", "\"openat\"")
        .doesNotContain("\"unshare\"", "\"mount\"");
    assertThat(profile.toString()).contains("\"clone3\"");
  }

  @Test
  void groupsOfTheImageCountUnlessThePodIsStrict() throws IOException {
    Security strict =
        new Security(
            "",
            null,
            List.of(3000L),
            false,
            false,
            false,
            false,
            true,
            List.of(),
            List.of(),
            "Unconfined",
            true);
    assertThat(bundle(strict, false).at("/process/user/additionalGids").toString())
        .isEqualTo("[1000,3000]");
  }
}
