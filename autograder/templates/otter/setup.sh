#!/usr/bin/env bash
# Makes the grading image, with the steps of otter-grader 7.0.0 but for LaTeX: nothing exports a PDF.
set -e
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y wget build-essential

wget -nv "https://github.com/conda-forge/miniforge/releases/download/25.3.1-0/Miniforge3-Linux-$(uname -m).sh" \
    -O /autograder/source/mamba_install.sh
bash /autograder/source/mamba_install.sh -b
echo 'export PATH=/root/miniforge3/bin:$PATH' >> /root/.bashrc

export PATH=/root/miniforge3/bin:$PATH
mamba env create -f /autograder/source/environment.yml
mamba install -y -n otter-env -c conda-forge nb_conda_kernels
mamba shell init --shell bash
