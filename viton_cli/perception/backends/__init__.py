"""Pose and parsing backends that can take the built-in one's place, each with what only it needs.

Joints: pose_openpose, pose_keypoint_rcnn, pose_mediapipe, pose_paf (paf_network, paf_decoder). Labels: parsing_png,
parsing_schp (schp_network), parsing_fashn. published_weights reads other people's weight files; fake reads
drawn people.
"""
