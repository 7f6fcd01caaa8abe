// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProxiesTest {
  private static Proxy chosen(String uri, Map<String, String> environment) {
    return new Proxies(environment).select(URI.create(uri)).getFirst();
  }

  @ParameterizedTest
  @CsvSource({
    "https://registry.test/v2/, '', true",
    "https://registry.test/v2/, '*', false",
    "https://registry.test/v2/, 'a.test, registry.test', false",
    "https://registry.test/v2/, test, false",
    "https://registry.test/v2/, .test, false",
    "https://registry.test/v2/, *.test, false",
    "https://registry.test/v2/, istry.test, true",
    "https://registry.test:5000/v2/, registry.test:5000, false",
    "https://registry.test:5001/v2/, registry.test:5000, true",
    "https://10.1.2.3/v2/, 10.0.0.0/8, false",
    "https://11.1.2.3/v2/, 10.0.0.0/8, true",
    "https://127.0.0.1:5000/v2/, '', false"
  })
  void noProxyNamesWhoNeedsNone(String uri, String none, boolean proxied) {
    Proxy proxy = chosen(uri, Map.of("HTTPS_PROXY", "http://proxy.test:3128", "no_proxy", none));
    assertThat(proxy.equals(Proxy.NO_PROXY)).isEqualTo(!proxied);
  }

  @ParameterizedTest
  @CsvSource({"http://me:a secret@proxy.test", "http://me:secret@proxy_one:3128"})
  void aProxyThatIsNoneIsNotShown(String proxy) {
    assertThatThrownBy(() -> chosen("https://a.test/", Map.of("HTTPS_PROXY", proxy)))
        .hasMessage("the proxy that the environment names is no address");
  }

  @Test
  void eachSchemeHasItsProxy() {
    Map<String, String> environment = Map.of("https_proxy", "proxy.test", "HTTP_PROXY", "");
    assertThat(((InetSocketAddress) chosen("https://a.test/", environment).address()).getHostName())
        .isEqualTo("proxy.test");
    assertThat(chosen("http://a.test/", environment)).isEqualTo(Proxy.NO_PROXY);
  }
}
