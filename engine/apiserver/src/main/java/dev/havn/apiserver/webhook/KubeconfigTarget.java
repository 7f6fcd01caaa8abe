// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.webhook;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.apiserver.certificates.Authority;
import dev.havn.apiserver.configuration.WatchedFile;
import dev.havn.schema.codec.CodecException;
import dev.havn.schema.codec.Yaml;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Base64;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.jspecify.annotations.Nullable;

/// A server that a kubeconfig file names, and what this server shows there: the form in which
/// kube-apiserver is told where its webhooks for tokens and authorization are.
///
/// @param authorities certificates as PEM, empty for those that the machine trusts
/// @param insecure whether any certificate is taken
/// @param serverName looked for in the certificate; empty for the host of `server`
/// @param client whom the server is shown, or null
/// @param authorization a header's value, or empty
public record KubeconfigTarget(
    URI server,
    String authorities,
    boolean insecure,
    String serverName,
    Authority.@Nullable Identity client,
    String authorization) {

  /// Reads the cluster and the user of the current context.
  ///
  /// @throws IllegalArgumentException when they are not there, or cannot be used
  public static KubeconfigTarget read(Path file) {
    JsonNode root;
    try {
      root = Yaml.read(WatchedFile.read(file));
    } catch (IOException e) {
      throw new IllegalArgumentException("kubeconfig " + file + " cannot be read: " + e, e);
    } catch (CodecException e) {
      throw new IllegalArgumentException(
          "error loading config file \"" + file + "\": " + e.getMessage(), e);
    }
    String current = root.path("current-context").asText("");
    JsonNode context = named(root.path("contexts"), current).path("context");
    JsonNode cluster =
        named(root.path("clusters"), context.path("cluster").asText("")).path("cluster");
    JsonNode user = named(root.path("users"), context.path("user").asText("")).path("user");
    if (cluster.path("server").asText("").isEmpty()) {
      throw new IllegalArgumentException(
          "invalid configuration: no configuration has been provided in "
              + file
              + ": its current context must name a cluster with a server");
    }
    if (user.has("exec") || user.has("auth-provider")) {
      throw new IllegalArgumentException(
          "kubeconfig " + file + ": users with exec or auth-provider are not there");
    }
    Part of = new Part(file);
    String authorities = of.text(cluster, "certificate-authority");
    boolean insecure = cluster.path("insecure-skip-tls-verify").asBoolean();
    if (insecure && !authorities.isEmpty()) {
      throw new IllegalArgumentException(
          "kubeconfig "
              + file
              + ": specifying a root certificates file with the insecure flag is not allowed");
    }
    return new KubeconfigTarget(
        server(cluster.path("server").asText()),
        authorities,
        insecure,
        cluster.path("tls-server-name").asText(""),
        of.identity(user),
        of.authorization(user));
  }

  /// Without what it proves itself with.
  @Override
  public String toString() {
    return "KubeconfigTarget[" + server + "]";
  }

  private static URI server(String text) {
    URI url = URI.create(text);
    if (url.getHost() == null
        || !("https".equals(url.getScheme()) || "http".equals(url.getScheme()))) {
      throw new IllegalArgumentException("\"" + text + "\" is no URL of a server");
    }
    return url;
  }

  private static JsonNode named(JsonNode list, String name) {
    for (JsonNode each : list) {
      if (each.path("name").asText("").equals(name)) {
        return each;
      }
    }
    return com.fasterxml.jackson.databind.node.MissingNode.getInstance();
  }

  /// Values that stand in the file, or in others beside it.
  private record Part(Path file) {
    /// What stands in `NAME-data`, or in the file that `NAME` names.
    String text(JsonNode owner, String name) {
      String data = owner.path(name + "-data").asText("");
      if (!data.isEmpty()) {
        return new String(Base64.getMimeDecoder().decode(data), StandardCharsets.ISO_8859_1);
      }
      String other = owner.path(name).asText("");
      return other.isEmpty() ? "" : read(other);
    }

    private String read(String other) {
      Path path = file.toAbsolutePath().resolveSibling(other);
      try {
        return Files.readString(path, StandardCharsets.ISO_8859_1);
      } catch (IOException e) {
        throw new IllegalArgumentException(
            "invalid configuration: unable to read " + path + " of kubeconfig " + file + ": " + e,
            e);
      }
    }

    Authority.@Nullable Identity identity(JsonNode user) {
      String certificate = text(user, "client-certificate");
      String key = text(user, "client-key");
      if (certificate.isEmpty() && key.isEmpty()) {
        return null;
      }
      try {
        X509Certificate read =
            (X509Certificate)
                CertificateFactory.getInstance("X.509")
                    .generateCertificate(
                        new ByteArrayInputStream(
                            certificate.getBytes(StandardCharsets.ISO_8859_1)));
        return new Authority.Identity(new KeyPair(read.getPublicKey(), privateKey(key)), read);
      } catch (GeneralSecurityException | IOException e) {
        throw new IllegalArgumentException(
            "kubeconfig "
                + file
                + ": the client's certificate and key cannot be used: "
                + e.getMessage(),
            e);
      }
    }

    private static PrivateKey privateKey(String pem) throws IOException {
      try (PEMParser parser = new PEMParser(new StringReader(pem))) {
        Object read = parser.readObject();
        while (read != null) {
          switch (read) {
            case PEMKeyPair pair -> {
              return new JcaPEMKeyConverter().getPrivateKey(pair.getPrivateKeyInfo());
            }
            case PrivateKeyInfo key -> {
              return new JcaPEMKeyConverter().getPrivateKey(key);
            }
            default -> read = parser.readObject();
          }
        }
      }
      throw new IOException("there is no key in PEM");
    }

    String authorization(JsonNode user) {
      String token = user.path("token").asText("");
      String tokenFile = user.path("tokenFile").asText("");
      if (token.isEmpty() && !tokenFile.isEmpty()) {
        token = read(tokenFile).strip();
      }
      String name = user.path("username").asText("");
      if (!token.isEmpty()) {
        return "Bearer " + token;
      }
      if (name.isEmpty()) {
        return "";
      }
      byte[] pair =
          (name + ":" + user.path("password").asText("")).getBytes(StandardCharsets.UTF_8);
      return "Basic " + Base64.getEncoder().encodeToString(pair);
    }
  }
}
