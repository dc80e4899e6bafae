# The lake of `lakefront setup aws` for those who keep their accounts by Terraform: the same resources, without data and
# catalog. docs/aws-setup.md says what they are for.
#
#   module "lake" {
#     source  = "github.com/…/deploy/terraform"
#     name    = "demo-lake"
#     table   = "forecast"
#     columns = [{ name = "restaurant_id", type = "bigint" }, { name = "y_50", type = "double" }]
#     partition_key = {
#       name = "state", type = "string"
#       projection = { "projection.state.type" = "enum", "projection.state.values" = "CA,TX" }
#     }
#   }

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.60"
    }
  }
}

data "aws_caller_identity" "here" {}
data "aws_partition" "here" {}
data "aws_region" "here" {}

locals {
  account   = data.aws_caller_identity.here.account_id
  partition = data.aws_partition.here.partition
  region    = data.aws_region.here.name
  bucket    = "${var.name}-${local.account}-${local.region}"
  database  = replace(var.name, "-", "_")
  objects   = "${var.name}-objects"
  keys      = var.partition_key == null ? [] : [var.partition_key]
  trusted   = length(var.trust) > 0 ? var.trust : ["arn:${local.partition}:iam::${local.account}:root"]
}

resource "aws_s3_bucket" "lake" {
  bucket        = local.bucket
  force_destroy = var.delete_data
}

resource "aws_s3_bucket_server_side_encryption_configuration" "lake" {
  bucket = aws_s3_bucket.lake.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_versioning" "lake" {
  bucket = aws_s3_bucket.lake.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "lake" {
  bucket                  = aws_s3_bucket.lake.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "lake" {
  bucket = aws_s3_bucket.lake.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "lake" {
  bucket     = aws_s3_bucket.lake.id
  depends_on = [aws_s3_bucket_versioning.lake]

  rule {
    id     = "results"
    status = "Enabled"
    filter {
      prefix = "results/"
    }
    expiration {
      days = 30
    }
  }

  rule {
    id     = "versions"
    status = "Enabled"
    filter {}
    noncurrent_version_expiration {
      noncurrent_days = 30
    }
  }

  rule {
    id     = "uploads"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

resource "aws_s3_bucket_notification" "lake" {
  bucket      = aws_s3_bucket.lake.id
  eventbridge = true
}

resource "aws_s3_bucket_policy" "lake" {
  bucket     = aws_s3_bucket.lake.id
  depends_on = [aws_s3_bucket_public_access_block.lake]
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.lake.arn, "${aws_s3_bucket.lake.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

resource "aws_glue_catalog_database" "lake" {
  name = local.database
}

resource "aws_glue_catalog_table" "lake" {
  name          = var.table
  database_name = aws_glue_catalog_database.lake.name
  table_type    = "EXTERNAL_TABLE"
  parameters = merge(
    { classification = "parquet", "parquet.compression" = "ZSTD", "lakefront.owner" = "lakefront" },
    [for key in local.keys : merge({ "projection.enabled" = "true" }, key.projection)]...
  )

  dynamic "partition_keys" {
    for_each = local.keys
    content {
      name = partition_keys.value.name
      type = partition_keys.value.type
    }
  }

  storage_descriptor {
    location      = "s3://${local.bucket}/data/${var.table}/"
    input_format  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"

    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    }

    dynamic "columns" {
      for_each = var.columns
      content {
        name = columns.value.name
        type = columns.value.type
      }
    }
  }
}

resource "aws_athena_workgroup" "lake" {
  name = var.name
  # Its history of statements goes with it.
  force_destroy = true

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.scan_limit

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location = "s3://${local.bucket}/results/"
      encryption_configuration {
        encryption_option = "SSE_S3"
      }
    }
  }
}

resource "aws_sqs_queue" "objects" {
  name                       = local.objects
  sqs_managed_sse_enabled    = true
  receive_wait_time_seconds  = 20
  visibility_timeout_seconds = 60
  message_retention_seconds  = 345600
}

resource "aws_sqs_queue_policy" "objects" {
  queue_url = aws_sqs_queue.objects.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Events"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.objects.arn
        Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.objects.arn } }
      },
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = aws_sqs_queue.objects.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_cloudwatch_event_rule" "objects" {
  name        = local.objects
  description = "New and deleted files of the lake ${var.name}."
  event_pattern = jsonencode({
    source        = ["aws.s3"]
    "detail-type" = ["Object Created", "Object Deleted"]
    detail        = { bucket = { name = [local.bucket] }, object = { key = [{ prefix = "data/" }] } }
  })
}

resource "aws_cloudwatch_event_target" "queue" {
  rule      = aws_cloudwatch_event_rule.objects.name
  target_id = "queue"
  arn       = aws_sqs_queue.objects.arn
}

module "policies" {
  source    = "./policies"
  name      = var.name
  partition = local.partition
  region    = local.region
  account   = local.account
  table     = var.table
}

resource "aws_iam_policy" "lake" {
  for_each = toset(["reader", "analyst", "lakefront"])
  name     = "${var.name}-${each.key}"
  policy   = module.policies.documents[each.key]
}

resource "aws_iam_role" "lake" {
  for_each = aws_iam_policy.lake
  name     = "${var.name}-${each.key}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = local.trusted }
      Action    = ["sts:AssumeRole", "sts:TagSession"]
    }]
  })
}

resource "aws_iam_role_policy_attachment" "lake" {
  for_each   = aws_iam_policy.lake
  role       = aws_iam_role.lake[each.key].name
  policy_arn = each.value.arn
}

resource "aws_cloudwatch_event_connection" "webhook" {
  count              = var.webhook == null ? 0 : 1
  name               = local.objects
  authorization_type = "API_KEY"

  auth_parameters {
    api_key {
      key   = "Authorization"
      value = "Bearer ${var.webhook_token}"
    }
  }
}

resource "aws_cloudwatch_event_api_destination" "webhook" {
  count                            = var.webhook == null ? 0 : 1
  name                             = local.objects
  connection_arn                   = aws_cloudwatch_event_connection.webhook[0].arn
  http_method                      = "POST"
  invocation_endpoint              = var.webhook
  invocation_rate_limit_per_second = 50
}

resource "aws_iam_role" "webhook" {
  count = var.webhook == null ? 0 : 1
  name  = "${var.name}-webhook"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "webhook" {
  count = var.webhook == null ? 0 : 1
  name  = "call"
  role  = aws_iam_role.webhook[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "events:InvokeApiDestination"
      Resource = aws_cloudwatch_event_api_destination.webhook[0].arn
    }]
  })
}

resource "aws_cloudwatch_event_target" "webhook" {
  count     = var.webhook == null ? 0 : 1
  rule      = aws_cloudwatch_event_rule.objects.name
  target_id = "webhook"
  arn       = aws_cloudwatch_event_api_destination.webhook[0].arn
  role_arn  = aws_iam_role.webhook[0].arn

  retry_policy {
    maximum_retry_attempts       = 8
    maximum_event_age_in_seconds = 3600
  }
}
