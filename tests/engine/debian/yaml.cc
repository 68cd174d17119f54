#include <iostream>
#include <yaml-cpp/yaml.h>

int main()
{
    std::cout << YAML::Load("[1, 2, 3]").size() << " items\n";
}
