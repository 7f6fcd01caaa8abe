// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.configuration.AllowedSysctls;
import dev.havn.node.configuration.SysctlNames;
import dev.havn.node.kernel.KernelVersion;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SysctlsTest {
  private static final KernelVersion KERNEL = new KernelVersion(6, 1);
  private static final AllowedSysctls NONE = new AllowedSysctls(List.of());
  private static final AllowedSysctls SOME =
      new AllowedSysctls(List.of("net.core.somaxconn", "kernel.msg*"));

  private static String refusal(
      String name, String more, AllowedSysctls allowed, KernelVersion kernel) {
    String spec =
        "{metadata: {name: p}, spec: {%s securityContext: {sysctls: [{name: %s, value: '1'}]}, containers: []}}";
    return Sysctls.refusal(GoldenPods.pod(spec.formatted(more, name)), allowed, kernel)
        .map(each -> each.reason() + ": " + each.message())
        .orElse("");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "kernel.shm_rmid_forced | ''",
        "net.ipv4.tcp_rmem | ''",
        "net/ipv4/tcp_wmem | ''",
        "kernel.msgmax | SysctlForbidden: forbidden sysctl: \"kernel.msgmax\" not allowlisted",
        "net/core/somaxconn | SysctlForbidden: forbidden sysctl: \"net.core.somaxconn\" not allowlisted",
        "vm.swappiness | SysctlForbidden: forbidden sysctl: \"vm.swappiness\" not allowlisted",
      })
  void onlySafeOnesAreSet(String name, String refusal) {
    assertThat(refusal(name, "", NONE, KERNEL)).isEqualTo(refusal);
  }

  @ParameterizedTest
  @CsvSource({
    "net.ipv4.ip_local_reserved_ports, 3, 15, false",
    "net.ipv4.ip_local_reserved_ports, 3, 16, true",
    "net.ipv4.tcp_keepalive_probes, 4, 4, false",
    "net.ipv4.tcp_fin_timeout, 4, 5, false",
    "net.ipv4.tcp_fin_timeout, 4, 6, true",
    "net.ipv4.tcp_rmem, 4, 14, false",
    "net.ipv4.tcp_rmem, 4, 15, true",
    "net.ipv4.tcp_syncookies, 3, 0, true",
  })
  void whatIsSafeDependsOnTheKernel(String name, int major, int minor, boolean isSafe) {
    assertThat(refusal(name, "", NONE, new KernelVersion(major, minor)).isEmpty())
        .isEqualTo(isSafe);
  }

  @ParameterizedTest
  @CsvSource({
    "net.core.somaxconn, true",
    "net/core/somaxconn, true",
    "net.core.somaxconn2, false",
    "kernel.msgmax, true",
    "kernel.shmmax, false"
  })
  void othersAreSetWhereTheConfigurationAllowsThem(String name, boolean isAllowed) {
    assertThat(refusal(name, "", SOME, KERNEL).isEmpty()).isEqualTo(isAllowed);
  }

  @Test
  void thoseOfTheMachineAreNot() {
    assertThat(refusal("net.ipv4.tcp_rmem", "hostNetwork: true,", NONE, KERNEL))
        .isEqualTo(
            "SysctlForbidden: forbidden sysctl: \"net.ipv4.tcp_rmem\" not allowed with host Net enabled");
    assertThat(refusal("kernel.msgmax", "hostIPC: true,", SOME, KERNEL))
        .isEqualTo(
            "SysctlForbidden: forbidden sysctl: \"kernel.msgmax\" not allowed with host IPC enabled");
    assertThat(refusal("kernel.msgmax", "hostNetwork: true,", SOME, KERNEL)).isEmpty();
    assertThat(refusal("kernel.msg_next_id", "hostIPC: true,", SOME, KERNEL))
        .isEqualTo(
            "SysctlForbidden: forbidden sysctl: \"kernel.msg_next_id\" not allowed with host IPC enabled");
  }

  @Test
  void dotsAndSlashesChangePlacesWhereSlashesDivide() {
    assertThat(SysctlNames.dotted("net/ipv4/conf/eth0.1/forwarding"))
        .isEqualTo("net.ipv4.conf.eth0/1.forwarding");
    assertThat(SysctlNames.dotted("net.ipv4.conf.eth0/1.forwarding"))
        .isEqualTo("net.ipv4.conf.eth0/1.forwarding");
  }
}
