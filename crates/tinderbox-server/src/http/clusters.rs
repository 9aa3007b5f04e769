//! `/api/clusters`: cluster profiles, and the probe of one.

use crate::convert;
use crate::extract::{Body, Path};
use crate::problem::ApiError;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use tinderbox_api as api;
use tinderbox_app::App;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_clusters, apply_cluster))
        .routes(routes!(get_cluster, remove_cluster))
        .routes(routes!(probe_cluster))
}

/// Cluster profiles by name.
#[utoipa::path(get, path = "/api/clusters", operation_id = "list_clusters", tag = "clusters",
    responses((status = 200, body = api::ClusterList)))]
async fn list_clusters(State(app): State<App>) -> Result<Json<api::ClusterList>, ApiError> {
    let clusters = app.clusters().await?.into_iter().map(convert::cluster).collect();
    Ok(Json(api::ClusterList { clusters }))
}

/// Store a cluster profile, as a new version when there is one of its name.
#[utoipa::path(post, path = "/api/clusters", operation_id = "apply_cluster", tag = "clusters",
    request_body = api::ApplyCluster,
    responses((status = 200, body = api::Cluster), (status = 422, body = api::Problem)))]
async fn apply_cluster(
    State(app): State<App>,
    Body(request): Body<api::ApplyCluster>,
) -> Result<Json<api::Cluster>, ApiError> {
    let stored = app.cluster_apply(&request.file, &request.document).await?;
    Ok(Json(convert::cluster(stored)))
}

/// One cluster profile.
#[utoipa::path(get, path = "/api/clusters/{name}", operation_id = "get_cluster", tag = "clusters",
    params(("name" = String, Path, description = "the profile")),
    responses((status = 200, body = api::Cluster), (status = 404, body = api::Problem)))]
async fn get_cluster(
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<api::Cluster>, ApiError> {
    Ok(Json(convert::cluster(app.cluster(&name).await?)))
}

/// Take a profile's name away. Runs that are on it go on.
#[utoipa::path(delete, path = "/api/clusters/{name}", operation_id = "remove_cluster", tag = "clusters",
    params(("name" = String, Path, description = "the profile")),
    responses((status = 204), (status = 404, body = api::Problem)))]
async fn remove_cluster(
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    app.cluster_remove(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Submit a small job to a cluster, which tells whether it works.
#[utoipa::path(post, path = "/api/clusters/{name}/probe", operation_id = "probe_cluster", tag = "clusters",
    params(("name" = String, Path, description = "the profile, or `local`")),
    responses((status = 201, body = api::ClusterProbe), (status = 404, body = api::Problem)))]
async fn probe_cluster(
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<(StatusCode, Json<api::ClusterProbe>), ApiError> {
    let job_id = app.cluster_probe(&name).await?.id.to_string();
    Ok((StatusCode::CREATED, Json(api::ClusterProbe { job_id })))
}
