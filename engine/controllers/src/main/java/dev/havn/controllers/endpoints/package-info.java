// SPDX-License-Identifier: Apache-2.0
/// What Services lead to, published as EndpointSlices and as the older Endpoints. Start reading at
/// `Backends`.
///
/// May be imported by: `dev.havn.controllers`.
@NullMarked
package dev.havn.controllers.endpoints;

import org.jspecify.annotations.NullMarked;
