//! `TrainingMetadata`.

use super::{document, time};
use crate::domain::training::Training;
use registry_proto::v1 as pb;

pub(in crate::api) fn message(training: Training) -> pb::TrainingMetadata {
    let Training {
        duration,
        peak_vram_bytes,
        dataset_example_count,
        dataset_size_bytes,
        dataset_uri,
        strategy,
        provider,
        compute_profile,
        gpu_count,
        gpu_type,
        start_time,
        end_time,
        hyperparameters,
        metrics,
        run_uri,
    } = training;
    pb::TrainingMetadata {
        duration: duration.map(time::duration),
        peak_vram_bytes,
        dataset_example_count,
        dataset_size_bytes,
        dataset_uri,
        strategy,
        provider,
        compute_profile,
        gpu_count,
        gpu_type,
        start_time: start_time.map(time::timestamp),
        end_time: end_time.map(time::timestamp),
        hyperparameters: hyperparameters.map(document::message),
        metrics,
        run_uri,
    }
}

pub(in crate::api) fn parse(message: pb::TrainingMetadata) -> Training {
    let pb::TrainingMetadata {
        duration,
        peak_vram_bytes,
        dataset_example_count,
        dataset_size_bytes,
        dataset_uri,
        strategy,
        provider,
        compute_profile,
        gpu_count,
        gpu_type,
        start_time,
        end_time,
        hyperparameters,
        metrics,
        run_uri,
    } = message;
    Training {
        duration: duration.map(time::parse_duration),
        peak_vram_bytes,
        dataset_example_count,
        dataset_size_bytes,
        dataset_uri,
        strategy,
        provider,
        compute_profile,
        gpu_count,
        gpu_type,
        start_time: start_time.map(time::parse_timestamp),
        end_time: end_time.map(time::parse_timestamp),
        hyperparameters: hyperparameters.map(document::parse),
        metrics,
        run_uri,
    }
}
