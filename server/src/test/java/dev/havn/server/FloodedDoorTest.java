// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.havn.apiserver.Health;
import dev.havn.apiserver.authentication.ClientCertificates;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.certificates.Authority;
import dev.havn.apiserver.http.Credential;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.resource.ApiException;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Made-up tokens come to the door of a scheduler or node, each while those before it are not
/// answered.
class FloodedDoorTest {
  private static final String ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts";
  private static final String READER = "system:serviceaccount:default:reader";
  private static final String FROM = "192.0.2.1";

  @TempDir private Path folder;
  private EmbeddedCluster cluster;
  private RefusingApi api;
  private ReviewedAccess access;
  private String token = "";

  /// Of made-up tokens, by their number.
  private IntFunction<String> addresses = _ -> FROM;

  private Runnable whenFull = () -> {};
  private final List<String> refused = new ArrayList<>();
  private boolean floods;
  private int come;

  @BeforeEach
  void start() throws IOException {
    cluster = EmbeddedCluster.start(1);
    cluster.client().raw(ACCOUNTS, "POST", "{\"metadata\":{\"name\":\"reader\"}}");
    token =
        new ObjectMapper()
            .readTree(cluster.client().raw(ACCOUNTS + "/reader/token", "POST", "{}"))
            .at("/status/token")
            .asText();
    api = new RefusingApi(cluster, this::see);
    access = access(List.of());
  }

  private ReviewedAccess access(List<X509Certificate> authorities) {
    return new ReviewedAccess(
        api.api(),
        new ClientCertificates(authorities, cluster.time()),
        SchedulerDoor.ANSWERS_COUNT_FOR,
        cluster.time());
  }

  @AfterEach
  void close() {
    api.close();
    cluster.close();
  }

  private boolean see(String request) {
    if (floods && request.endsWith("/tokenreviews")) {
      next();
    }
    return false;
  }

  private void next() {
    int number = come++;
    try {
      Optional<UserInfo> nobody =
          access.user(DoorRequest.withToken("made-up-" + number, addresses.apply(number)));
      assertThat(nobody).isEmpty();
    } catch (ApiException e) {
      floods = false;
      refused.add(e.code() + " " + e.getMessage());
      whenFull.run();
    }
  }

  /// @param full what happens when no more are taken
  /// @return how many are
  private int flood(IntFunction<String> from, Runnable full) {
    addresses = from;
    whenFull = full;
    floods = true;
    next();
    assertThat(refused)
        .containsExactly(
            "429 the API server is asked about too many tokens and rights now, please try again"
                + " later");
    return come - 1;
  }

  private Optional<String> who(String token, String from) {
    return access.user(DoorRequest.withToken(token, from)).map(UserInfo::name);
  }

  @Test
  void whoHasAGoodTokenIsLetInWhileAnotherAddressFloodsTheDoor() {
    List<String> known = new ArrayList<>();
    int taken =
        flood(
            _ -> FROM,
            () -> {
              UserInfo user = access.user(DoorRequest.withToken(token, "192.0.2.9")).orElseThrow();
              known.add(user.name() + " " + access.allowsPath(user, "get", "/metrics"));
            });
    assertThat(taken).isEqualTo(ReviewPlaces.OF_AN_ADDRESS);
    assertThat(known).containsExactly(READER + " false");
  }

  @Test
  void theNetworkOfAMachineInIpv6CountsAsOneAddress() {
    List<Optional<String>> known = new ArrayList<>();
    int taken =
        flood(
            number -> "2001:db8:0:1:0:0:0:" + Integer.toHexString(number + 1),
            () -> known.add(who(token, "2001:db8:0:2:0:0:0:1")));
    assertThat(taken).isEqualTo(ReviewPlaces.OF_AN_ADDRESS);
    assertThat(known).containsExactly(Optional.of(READER));
  }

  @Test
  void aTokenThatWasGoodIsAskedAboutWhateverStrangersDo() {
    assertThat(who(token, FROM)).contains(READER);
    cluster.jump(SchedulerDoor.ANSWERS_COUNT_FOR);
    List<Optional<String>> known = new ArrayList<>();
    int taken =
        flood(
            number -> "192.0.2." + (1 + number / ReviewPlaces.OF_AN_ADDRESS),
            () -> {
              known.add(who(token, FROM));
              assertThatThrownBy(() -> who("another", "192.0.2.99"))
                  .isInstanceOf(ApiException.class);
            });
    assertThat(taken).isEqualTo(ReviewPlaces.OF_STRANGERS);
    assertThat(known).containsExactly(Optional.of(READER));
    assertThat(who("another", "192.0.2.99")).as("when it is over").isEmpty();
    assertThat(who(token, FROM)).contains(READER);
  }

  @Test
  void whoIsSentAwayIsToldWhenToComeAgain() {
    SchedulerDoor scheduler = new SchedulerDoor(access, new Health(Map.of()), null, cluster.now());
    KubeletPages pages = new KubeletPages("n", api.api(), null, null, null, cluster.now());
    KubeletDoor node = new KubeletDoor("n", access, pages);
    List<SentResponse> sent = List.of(new SentResponse(), new SentResponse());
    int taken =
        flood(
            _ -> FROM,
            () -> {
              scheduler.handle(DoorRequest.withToken("more", FROM), sent.getFirst());
              node.handle(DoorRequest.withToken("more", FROM), sent.getLast());
            });
    assertThat(taken).isPositive();
    for (SentResponse each : sent) {
      assertThat(each.status()).isEqualTo(429);
      assertThat(each.headers().first("retry-after")).isEqualTo("1");
    }
  }

  private int seeFigures(ReviewedAccess access, Authority.Identity client) {
    SchedulerDoor door = new SchedulerDoor(access, new Health(Map.of()), null, cluster.now());
    SentResponse sent = new SentResponse();
    Credential shown = new Credential.Certificate(List.of(client.certificate()));
    door.handle(new DoorRequest("/metrics/slis", new Headers(), shown, FROM + ":40000"), sent);
    return sent.status();
  }

  @Test
  void nobodyIsAskedAboutWhoMayDoEverything() throws IOException {
    Authority authority = Authority.open(folder, cluster.time(), new SecureRandom());
    ReviewedAccess access = access(List.of(authority.certificate()));
    Authority.Identity admin = authority.client("admin", "admin", List.of("system:masters"));
    Authority.Identity other = authority.client("other", "other", List.of("system:nobodies"));
    assertThat(seeFigures(access, admin)).isEqualTo(200);
    assertThat(api.asked()).isEmpty();
    assertThat(seeFigures(access, other)).isEqualTo(403);
    assertThat(api.asked()).singleElement().asString().endsWith("/subjectaccessreviews");
  }
}
