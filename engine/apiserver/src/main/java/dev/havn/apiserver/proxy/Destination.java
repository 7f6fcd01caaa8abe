// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.proxy;

import dev.havn.apiserver.http.Headers;
import io.netty.handler.ssl.SslContext;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/// Where a request goes and as what.
///
/// @param host of the `Host` header
/// @param serverName asked for in the TLS handshake and looked for in the certificate
/// @param tls null for plain HTTP
/// @param target path and query, percent-encoded
/// @param headers all that are sent, but for `Host` and those that are about the connection
/// @param mayRedirect whether the server may send the client elsewhere
public record Destination(
    InetSocketAddress address,
    String host,
    String serverName,
    @Nullable SslContext tls,
    String target,
    Headers headers,
    boolean mayRedirect) {}
