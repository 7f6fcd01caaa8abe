// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.configuration.EvictionThreshold.Absolute;
import dev.havn.node.configuration.EvictionThreshold.Percentage;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KubeletConfigurationTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static KubeletConfiguration read(String fields) {
    try {
      ObjectNode json = (ObjectNode) JSON.readTree("{" + fields.replace('\'', '"') + "}");
      json.put("kind", "KubeletConfiguration").put("apiVersion", "kubelet.config.k8s.io/v1beta1");
      return KubeletConfiguration.of(json);
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void saysWhenPodsAndImagesGo() {
    KubeletConfiguration read =
        read(
            """
            'evictionHard': {'memory.available': '50Mi', 'pid.available': '10%', 'nodefs.available': '0%'},
            'evictionSoft': {'nodefs.inodesFree': '7%'},
            'evictionSoftGracePeriod': {'nodefs.inodesFree': '1m30s'},
            'evictionMinimumReclaim': {'memory.available': '5Mi'},
            'evictionPressureTransitionPeriod': '30s', 'evictionMaxPodGracePeriod': 20,
            'imageGCHighThresholdPercent': 90, 'imageMaximumGCAge': '12h',
            'shutdownGracePeriod': '30s', 'shutdownGracePeriodCriticalPods': '10s',
            'staticPodPath': '/etc/pods', 'podPidsLimit': -1
            """);
    assertThat(read.evictions())
        .isEqualTo(
            new EvictionPolicy(
                java.util.List.of(
                    new EvictionThreshold(
                        EvictionSignal.MEMORY,
                        new Absolute(50 << 20),
                        false,
                        Duration.ZERO,
                        new Absolute(5 << 20)),
                    EvictionThreshold.hard(EvictionSignal.PROCESSES, new Percentage(10)),
                    new EvictionThreshold(
                        EvictionSignal.NODE_INODES,
                        new Percentage(7),
                        true,
                        Duration.ofSeconds(90),
                        new Absolute(0))),
                Duration.ofSeconds(30),
                Duration.ofSeconds(20)));
    assertThat(read.images())
        .isEqualTo(new ImagePolicy(90, 80, Duration.ofMinutes(2), Duration.ofHours(12)));
    assertThat(read.shutdown().critical()).isEqualTo(Duration.ofSeconds(10));
    assertThat(read.staticPodPath()).isEqualTo("/etc/pods");
    assertThat(read.podProcessesMax()).isEqualTo(-1);
    assertThat(KubeletConfiguration.STANDARD.podProcessesMax()).isEqualTo(4_096);
  }

  @Test
  void whatIsNotSaidIsAsUsual() {
    assertThat(read("")).isEqualTo(KubeletConfiguration.STANDARD);
    assertThat(read("").evictions()).isEqualTo(EvictionPolicy.STANDARD);
  }

  @Test
  void unsafeSysctlsAreAllowedByNameOrByBeginning() {
    AllowedSysctls allowed =
        read("'allowedUnsafeSysctls': ['net/core/somaxconn', 'kernel.msg*']").sysctls();
    assertThat(allowed.namespace("net.core.somaxconn")).isPresent();
    assertThat(allowed.namespace("kernel.msgmax")).isPresent();
    assertThat(allowed.namespace("kernel.shmmax")).isEmpty();
    assertThat(KubeletConfiguration.STANDARD.sysctls().patterns()).isEmpty();
  }

  @Test
  void aRuntimeIsAtItsSocket() {
    assertThat(read("").runtimeSocket()).hasToString("/run/containerd/containerd.sock");
    assertThat(read("'containerRuntimeEndpoint': 'unix:///run/crio/crio.sock'").runtimeSocket())
        .hasToString("/run/crio/crio.sock");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'allowedUnsafeSysctls': 'net.*' | allowedUnsafeSysctls must be a list of names",
        "'allowedUnsafeSysctls': ['vm.*'] | sysctl \"vm.*\" is the whole machine's",
        "'allowedUnsafeSysctls': ['kernel.shm_next_id'] | sysctl \"kernel.shm_next_id\" is the whole machine's",
        "'allowedUnsafeSysctls': ['*.net'] | sysctl \"*.net\" must have at most 253 characters",
        "'swap': 1 | field \"swap\" is not followed",
        "'evictionHard': {'cpu.available': '1'} | unsupported eviction signal cpu.available",
        "'evictionHard': {'memory.available': 'much'} | evictionHard[memory.available] must be",
        "'evictionHard': {'memory.available': '101%'} | must be <= 100%",
        "'evictionHard': ['memory.available'] | evictionHard must be a mapping",
        "'evictionSoft': {'memory.available': '1Mi'} | grace period must be specified",
        "'imageGCHighThresholdPercent': 101 | must be a whole number from 0 to 100",
        "'imageGCLowThresholdPercent': 85 | 85 must be less than",
        "'imageMaximumGCAge': '1m' | imageMaximumGCAge must be more",
        "'containerRuntimeEndpoint': 'tcp://127.0.0.1:1' | must be a socket of this machine such as unix:///run/containerd/containerd.sock",
        "'imageMinimumGCAge': '2' | must be a duration such as 1m30s, not '2'",
        "'shutdownGracePeriodCriticalPods': '1s' | must not be more than shutdownGracePeriod",
      })
  void whatNobodyWouldFollowIsRefused(String fields, String message) {
    assertThatThrownBy(() -> read(fields))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
